/* SPDX-License-Identifier: MIT */
/* string.h - what the proofs take the memory functions to do. The library calls no others.
 *
 * These are assumptions: nothing here is proved. All of it is in bytes. */
#ifndef PROOFS_STRING_H
#define PROOFS_STRING_H

#include <stddef.h>

/*@ requires n == 0 || \valid((char *)dst + (0 .. n - 1));
  @ requires n == 0 || \valid_read((char *)src + (0 .. n - 1));
  @ requires \separated((char *)dst + (0 .. n - 1), (char *)src + (0 .. n - 1));
  @ assigns ((char *)dst)[0 .. n - 1] \from ((char *)src)[0 .. n - 1];
  @ assigns \result \from dst;
  @ ensures \result == dst;
  @ ensures \forall integer i; 0 <= i < n ==> ((char *)dst)[i] == \old(((char *)src)[i]);
  @*/
void *memcpy(void *dst, const void *src, size_t n);

/*@ requires n == 0 || \valid_read((char *)a + (0 .. n - 1));
  @ requires n == 0 || \valid_read((char *)b + (0 .. n - 1));
  @ assigns \result \from ((char *)a)[0 .. n - 1], ((char *)b)[0 .. n - 1];
  @ ensures \result == 0 <==>
  @     (\forall integer i; 0 <= i < n ==> ((char *)a)[i] == ((char *)b)[i]);
  @*/
int memcmp(const void *a, const void *b, size_t n);

#ifndef memchr /* Eva has one of its own */
/*@ requires n == 0 || \valid_read((char *)p + (0 .. n - 1));
  @ assigns \result \from p, ((char *)p)[0 .. n - 1], c;
  @ ensures \result == \null ==>
  @     (\forall integer i; 0 <= i < n ==> ((char *)p)[i] != (char)c);
  @ ensures \result != \null ==> (\exists integer k; 0 <= k < n &&
  @     (char *)\result == (char *)p + k && ((char *)p)[k] == (char)c &&
  @     (\forall integer i; 0 <= i < k ==> ((char *)p)[i] != (char)c));
  @*/
void *memchr(const void *p, int c, size_t n);
#endif

/*@ requires n == 0 || \valid((char *)p + (0 .. n - 1));
  @ assigns ((char *)p)[0 .. n - 1] \from c;
  @ assigns \result \from p;
  @ ensures \result == p;
  @ ensures \forall integer i; 0 <= i < n ==> ((char *)p)[i] == (char)c;
  @*/
void *memset(void *p, int c, size_t n);

#endif
