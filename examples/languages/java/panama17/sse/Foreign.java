// SPDX-License-Identifier: MIT
package sse;

import static jdk.incubator.foreign.CLinker.C_INT;
import static jdk.incubator.foreign.CLinker.C_LONG_LONG;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import jdk.incubator.foreign.Addressable;
import jdk.incubator.foreign.CLinker;
import jdk.incubator.foreign.FunctionDescriptor;
import jdk.incubator.foreign.MemoryAddress;
import jdk.incubator.foreign.MemoryLayout;
import jdk.incubator.foreign.MemorySegment;
import jdk.incubator.foreign.ResourceScope;

/**
 * Foreign functions as an incubator module of JDK 17. That loads a library by its path only; dlopen
 * also finds one by its name.
 */
final class Foreign {
    private static final int RTLD_NOW = 2;
    private static final MethodHandle DLOPEN = downcall(system("dlopen"),
            MethodType.methodType(long.class, long.class, int.class));
    private static final MethodHandle DLSYM = downcall(system("dlsym"),
            MethodType.methodType(long.class, long.class, long.class));
    private final long handle;

    Foreign(String library) {
        try (ResourceScope scope = ResourceScope.newConfinedScope()) {
            handle = (long) DLOPEN.invokeExact(string(library, scope), RTLD_NOW);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        if (handle == 0) {
            throw new UnsatisfiedLinkError("cannot load " + library);
        }
    }

    MethodHandle function(String name, MethodType type) {
        long at;
        try (ResourceScope scope = ResourceScope.newConfinedScope()) {
            at = (long) DLSYM.invokeExact(handle, string(name, scope));
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        if (at == 0) {
            throw new UnsatisfiedLinkError("there is no " + name);
        }
        return downcall(MemoryAddress.ofLong(at), type);
    }

    static String text(long at) {
        return CLinker.toJavaString(MemoryAddress.ofLong(at));
    }

    /** Memory for the time of a call. */
    static final class Memory implements AutoCloseable {
        private final ResourceScope scope = ResourceScope.newConfinedScope();

        ByteBuffer allocate(long size) {
            return MemorySegment.allocateNative(size, Long.BYTES, scope).asByteBuffer();
        }

        @Override
        public void close() {
            scope.close();
        }
    }

    static long address(ByteBuffer direct) {
        return MemorySegment.ofByteBuffer(direct).address().toRawLongValue();
    }

    private static Addressable system(String name) {
        return CLinker.systemLookup().lookup(name).orElseThrow();
    }

    private static long string(String text, ResourceScope scope) {
        return CLinker.toCString(text, scope).address().toRawLongValue();
    }

    private static MethodHandle downcall(Addressable at, MethodType type) {
        MemoryLayout[] layouts =
                type.parameterList().stream().map(Foreign::layout).toArray(MemoryLayout[]::new);
        return CLinker.getInstance().downcallHandle(at, type,
                FunctionDescriptor.of(layout(type.returnType()), layouts));
    }

    private static MemoryLayout layout(Class<?> type) {
        return type == int.class ? C_INT : C_LONG_LONG;
    }
}
