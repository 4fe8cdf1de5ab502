<?php

/* Drives examples/languages/php/sse.php: commands on stdin, an answer to each on stdout.
 *
 * README.md has the commands. With --gc the garbage is collected around each of them. */

declare(strict_types=1);

require __DIR__ . '/../../examples/languages/php/sse.php';

const DATA = 'hello from libsse !';

class Thrown extends Exception
{
}

class Probe
{
    private Sse\Writer $writer;
    private Sse\Channel $channel;
    private array $clients = [];
    private int $now = 0;

    public function answer(string $line): string
    {
        [$name, $words] = [strtok($line, ' '), array_slice(explode(' ', $line), 1)];
        try {
            $answer = $this->{'do' . ucfirst($name)}(...$words);
        } catch (Sse\ClosedException $e) {
            return "closed {$e->getCode()}";
        } catch (Sse\Exception $e) {
            return "error {$e->getCode()}";
        }
        return match ($answer) {
            null, true => 'ok',
            false => 'again',
            default => $answer,
        };
    }

    private function text(string $word): ?string
    {
        return match ($word) {
            '-' => null,
            '.' => '',
            default => hex2bin($word),
        };
    }

    private function shown(?string $bytes): string
    {
        return match ($bytes) {
            null => 'closed 2',
            '' => 'again',
            default => 'ok ' . bin2hex($bytes),
        };
    }

    private function doEncode($comment, $type, $id, $retry, $data)
    {
        if ($data === '-') {
            return 'skip';
        }
        return 'ok ' . bin2hex(Sse\encode($this->text($data), $this->text($type), $this->text($id),
            $this->text($comment), (int) $retry));
    }

    private function doWriter($capacity)
    {
        $this->writer = new Sse\Writer((int) $capacity);
    }

    private function doSend($type, $id, $data)
    {
        return $this->writer->send($this->text($data), $this->text($type), $this->text($id));
    }

    private function doComment($text)
    {
        return $this->writer->comment($this->text($text));
    }

    private function doRetry($ms)
    {
        return $this->writer->retry((int) $ms);
    }

    private function doRead($size)
    {
        return $this->shown($this->writer->read((int) $size));
    }

    private function doClose()
    {
        $this->writer->close();
    }

    private function doChannel($name, $epoch, $events, $capacity, $heartbeat, $now)
    {
        $this->clients = [];
        $this->now = (int) $now;
        $this->channel = new Sse\Channel($this->text($name), (int) $epoch, (int) $events, (int) $capacity,
            (int) $heartbeat, fn (): int => $this->now);
    }

    private function doJoin($k, $header, $query, $tags, $capacity, $stall, $retry, $now)
    {
        $this->now = (int) $now;
        unset($this->clients[$k]);
        $this->clients[$k] = new Sse\Client($this->channel, $this->text($header), $this->text($query),
            $tags === '-' ? null : ($tags === '.' ? [] : array_map('intval', explode(',', $tags))), (int) $stall, (int) $retry,
            (int) $capacity, $k);
        return $this->clients[$k]->hasGap ? 'gap' : 'ok';
    }

    private function doPublish($type, $data, $tag, $key, $now)
    {
        $this->now = (int) $now;
        $this->channel->publish($this->text($data), $this->text($type), (int) $tag, (int) $key);
    }

    private function doTick($now)
    {
        $this->now = (int) $now;
        $this->channel->tick();
    }

    private function doReady()
    {
        $numbers = [];
        foreach ($this->channel->ready() as $client) {
            $numbers[] = $client->user;
        }
        return implode(' ', ['ok', ...$numbers]);
    }

    private function doThrow()
    {
        try {
            foreach ($this->channel->ready() as $client) {
                throw new Thrown($client->user);
            }
        } catch (Thrown $e) {
            return "thrown {$e->getMessage()}";
        }
    }

    private function doTake($k, $size)
    {
        return $this->shown($this->clients[$k]->read((int) $size));
    }

    private function doTell($k, $type, $data)
    {
        return $this->clients[$k]->send($this->text($data), $this->text($type));
    }

    private function doEnd($k)
    {
        $this->clients[$k]->close();
    }

    private function doLeave($k)
    {
        $this->clients[$k]->leave();
    }

    private function doForget($k)
    {
        unset($this->clients[$k]);
    }

    private function doBehind($k)
    {
        return "ok {$this->clients[$k]->behind()}";
    }

    private function doCount($n)
    {
        return 'ok ' . array_values($this->channel->counters())[(int) $n];
    }

    private function doTimeout($now)
    {
        [$ticked, $this->now] = [$this->now, (int) $now];
        $answer = "ok {$this->channel->timeout()}";
        $this->now = $ticked; // for drain, which ticks
        return $answer;
    }

    private function doDrain($retry, $window, $limit)
    {
        $this->channel->drain((int) $retry, (int) $window, (int) $limit);
    }

    private function doAccepts($accept)
    {
        return 'ok ' . (int) Sse\accepts($this->text($accept));
    }

    private function doFields($status, $origin, $methods)
    {
        $pair = fn (array $field): string => bin2hex($field[0]) . '=' . bin2hex($field[1]);
        $fields = Sse\fields($this->text($origin), (int) $status, $this->text($methods));
        return implode(' ', ['ok', ...array_map($pair, $fields)]);
    }

    private function doBench($what, $times)
    {
        $this->doWriter(4096);
        $this->doChannel(bin2hex('bench'), 1, 1000, 1 << 20, 15000, 0);
        $client = new Sse\Client($this->channel);
        $client->read();
        iterator_to_array($this->channel->ready());
        $start = hrtime(true);
        for ($i = 0; $i < $times; $i++) {
            if ($what === 'encode') {
                $got = Sse\encode(DATA, 'tick');
            } elseif ($what === 'send') {
                $this->writer->send(DATA, 'tick');
                $got = $this->writer->read(4096);
            } else {
                $this->channel->publish(DATA, 'tick');
                foreach ($this->channel->ready() as $client) {
                    $got = $client->read(4096);
                    $end = $client->read(4096);
                }
            }
            if ($got === '' || ($end ?? '') !== '') {
                throw new LogicException('nothing was written');
            }
        }
        return sprintf('ok %.1f', (hrtime(true) - $start) / $times);
    }
}

$probe = new Probe();
while (($line = fgets(STDIN)) !== false) {
    if (in_array('--gc', $argv, true)) {
        gc_collect_cycles();
    }
    echo $probe->answer(rtrim($line, "\n")), "\n";
    if (in_array('--gc', $argv, true)) {
        gc_collect_cycles();
    }
}
