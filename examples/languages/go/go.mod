module example.org/sse

go 1.19
