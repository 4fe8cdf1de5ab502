// SPDX-License-Identifier: MIT
package sse;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;

/** Foreign functions as they are since JDK 22. */
@SuppressWarnings("restricted")
final class Foreign {
    private final SymbolLookup symbols;

    Foreign(String library) {
        symbols = SymbolLookup.libraryLookup(library, Arena.global());
    }

    MethodHandle function(String name, MethodType type) {
        MemorySegment at =
                symbols.find(name).orElseThrow(() -> new UnsatisfiedLinkError("no " + name));
        MemoryLayout[] layouts =
                type.parameterList().stream().map(Foreign::layout).toArray(MemoryLayout[]::new);
        return Linker.nativeLinker().downcallHandle(at,
                FunctionDescriptor.of(layout(type.returnType()), layouts));
    }

    static String text(long at) {
        return MemorySegment.ofAddress(at).reinterpret(Long.MAX_VALUE).getString(0);
    }

    /** Memory for the time of a call. */
    static final class Memory implements AutoCloseable {
        private final Arena arena = Arena.ofConfined();

        ByteBuffer allocate(long size) {
            return arena.allocate(size, Long.BYTES).asByteBuffer();
        }

        @Override
        public void close() {
            arena.close();
        }
    }

    static long address(ByteBuffer direct) {
        return MemorySegment.ofBuffer(direct).address();
    }

    private static MemoryLayout layout(Class<?> type) {
        return type == int.class ? ValueLayout.JAVA_INT : ValueLayout.JAVA_LONG;
    }
}
