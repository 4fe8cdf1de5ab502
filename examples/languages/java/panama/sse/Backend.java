// SPDX-License-Identifier: MIT
package sse;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/** The library through Panama. What differs between versions of the JDK is in {@link Foreign}. */
final class Backend {
    private Backend() {}

    static LibSse load(String library) {
        Foreign foreign = new Foreign(library);
        Map<Method, MethodHandle> functions = new HashMap<>();
        for (Method method : LibSse.class.getDeclaredMethods()) {
            boolean isText = method.getReturnType() == String.class;
            MethodType type = MethodType.methodType(isText ? long.class : method.getReturnType(),
                    method.getParameterTypes());
            functions.put(method, foreign.function(method.getName(), type)
                    .asSpreader(Object[].class, type.parameterCount())
                    .asType(MethodType.methodType(Object.class, Object[].class)));
        }
        return (LibSse) Proxy.newProxyInstance(LibSse.class.getClassLoader(),
                new Class<?>[] {LibSse.class}, (proxy, method, arguments) -> {
                    Object result = functions.get(method).invokeExact(arguments);
                    boolean isText = method.getReturnType() == String.class;
                    return isText ? Foreign.text((long) result) : result;
                });
    }

    static long address(ByteBuffer direct) {
        return Foreign.address(direct);
    }
}
