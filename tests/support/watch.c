/* SPDX-License-Identifier: MIT */
#include "watch.h"

#if defined(__linux__) && defined(__x86_64__)

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PAGE      4096
#define TRAP_FLAG 0x100 /* of the processor: trap behind the next instruction */

static unsigned char *memory;
static watched seen;

static void protect(int access)
{
    if (mprotect(memory, PAGE, access) != 0)
        abort();
}

/* A write is about to be done: let it through, and be told when it was. */
static void before_write(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    if ((uintptr_t)info->si_addr - (uintptr_t)memory >= PAGE)
        abort();
    protect(PROT_READ | PROT_WRITE);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void behind_write(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
    if (seen.count == WATCH_WRITES_MAX)
        abort();
    memcpy(seen.images[seen.count++], memory, WATCH_BYTES_MAX);
    protect(PROT_READ);
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *), struct sigaction *old)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = handler;
    sigaction(signal, &action, old);
}

const watched *watch(const void *bytes, size_t len, act_on *act, const void *user)
{
    struct sigaction old_segv, old_trap;

    if (memory == NULL) {
        memory = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            perror("mmap");
            abort();
        }
    }
    protect(PROT_READ | PROT_WRITE);
    memcpy(memory, bytes, len);
    seen.count = 0;
    handle(SIGSEGV, before_write, &old_segv);
    handle(SIGTRAP, behind_write, &old_trap);
    protect(PROT_READ);
    seen.result = act(user, memory);
    protect(PROT_READ | PROT_WRITE);
    sigaction(SIGSEGV, &old_segv, NULL);
    sigaction(SIGTRAP, &old_trap, NULL);
    return &seen;
}

#else

const watched *watch(const void *bytes, size_t len, act_on *act, const void *user)
{
    (void)bytes;
    (void)len;
    (void)act;
    (void)user;
    return NULL;
}

#endif
