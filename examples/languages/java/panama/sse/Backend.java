// SPDX-License-Identifier: MIT
package sse;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.lang.ref.Reference;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** The library through Panama. What differs between versions of the JDK is in {@link Foreign}. */
final class Backend {
    private Backend() {}

    static LibSse load(String library) {
        Foreign foreign = new Foreign(library);
        Map<Method, MethodHandle> functions = new HashMap<>();
        for (Method method : LibSse.class.getDeclaredMethods()) {
            MethodType type = MethodType.methodType(inC(method.getReturnType()),
                    Arrays.stream(method.getParameterTypes()).map(Backend::inC).toList());
            functions.put(method, foreign.function(method.getName(), type)
                    .asSpreader(Object[].class, type.parameterCount())
                    .asType(MethodType.methodType(Object.class, Object[].class)));
        }
        return (LibSse) Proxy.newProxyInstance(LibSse.class.getClassLoader(),
                new Class<?>[] {LibSse.class}, (proxy, method, arguments) -> {
                    Object[] all = arguments == null ? new Object[0] : arguments;
                    Object result = call(functions.get(method), all);
                    boolean isText = method.getReturnType() == String.class;
                    return isText ? Foreign.text((long) result) : result;
                });
    }

    private static Class<?> inC(Class<?> type) {
        return type == int.class ? int.class : long.class;
    }

    private static Object call(MethodHandle function, Object[] arguments) throws Throwable {
        try (Foreign.Memory memory = new Foreign.Memory()) {
            ByteBuffer[] buffers = new ByteBuffer[arguments.length];
            Object[] values = arguments.clone();
            for (int i = 0; i < values.length; i++) {
                if (arguments[i] instanceof ByteBuffer kept) {
                    buffers[i] = kept;
                } else if (arguments[i] instanceof byte[] bytes) {
                    buffers[i] = memory.allocate(Math.max(1, bytes.length)).put(0, bytes);
                } else if (arguments[i] instanceof long[]) {
                    buffers[i] = memory.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
                }
                if (buffers[i] != null) {
                    values[i] = address(buffers[i]);
                } else if (arguments[i] == null) {
                    values[i] = 0L;
                }
            }
            Object result = function.invokeExact(values);
            for (int i = 0; i < values.length; i++) {
                if (arguments[i] instanceof byte[] bytes) {
                    buffers[i].get(0, bytes);
                } else if (arguments[i] instanceof long[] out) {
                    out[0] = buffers[i].getLong(0);
                }
            }
            Reference.reachabilityFence(arguments);
            return result;
        }
    }

    static long address(ByteBuffer direct) {
        return Foreign.address(direct);
    }
}
