// SPDX-License-Identifier: MIT
package sse;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;

/** The library through JNA, for any JDK. */
final class Backend {
    interface Functions extends LibSse, Library {}

    private Backend() {}

    static LibSse load(String library) {
        return Native.load(library, Functions.class);
    }

    static long address(ByteBuffer direct) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
    }
}
