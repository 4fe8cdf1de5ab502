/* SPDX-License-Identifier: MIT */
/* vector.h - private: a block of text in registers, where speed matters: 64 bytes in vectors, where
 * the compiler has them, else four words. Only where BY_WORDS is 1.
 *
 * A block is asked first whether it has low bytes, and then which of its bytes are breaks.
 *
 * SSE_PORTABLE, if defined, asks for words whatever the compiler has. */
#ifndef SSE_VECTOR_H
#define SSE_VECTOR_H

#include "word.h"

/* A block in registers, whether it has low bytes, and which of its bytes are breaks: the first one
 * is bit 0. */
#if defined(__AVX2__) && !defined(SSE_PORTABLE)
#include <immintrin.h>

typedef struct sse_block {
    __m256i a, b;
} sse_block;

static inline __m256i sse_vector_at(const char *p)
{
    return _mm256_loadu_si256((const void *)p);
}

static inline sse_block sse_block_at(const char *p)
{
    const sse_block k = {sse_vector_at(p), sse_vector_at(p + 32)};

    return k;
}

static inline void sse_block_put(char *q, const sse_block *k)
{
    _mm256_storeu_si256((void *)q, k->a);
    _mm256_storeu_si256((void *)(q + 32), k->b);
}

static inline int sse_block_low(const sse_block *k)
{
    const __m256i least = _mm256_min_epu8(k->a, k->b);
    const __m256i low = _mm256_min_epu8(least, _mm256_set1_epi8('\r'));

    return _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, least));
}

static inline uint32_t sse_vector_breaks(__m256i v)
{
    const __m256i lf = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n'));
    const __m256i cr = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\r'));

    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(lf, cr));
}

static inline uint64_t sse_block_breaks(const sse_block *k)
{
    return sse_vector_breaks(k->a) | (uint64_t)sse_vector_breaks(k->b) << 32;
}

#elif defined(__SSE2__) && !defined(SSE_PORTABLE)
#include <emmintrin.h>

typedef struct sse_block {
    __m128i a, b, c, d;
} sse_block;

static inline __m128i sse_vector_at(const char *p)
{
    return _mm_loadu_si128((const void *)p);
}

static inline sse_block sse_block_at(const char *p)
{
    const sse_block k = {sse_vector_at(p), sse_vector_at(p + 16), sse_vector_at(p + 32),
                         sse_vector_at(p + 48)};

    return k;
}

static inline void sse_block_put(char *q, const sse_block *k)
{
    _mm_storeu_si128((void *)q, k->a);
    _mm_storeu_si128((void *)(q + 16), k->b);
    _mm_storeu_si128((void *)(q + 32), k->c);
    _mm_storeu_si128((void *)(q + 48), k->d);
}

static inline int sse_block_low(const sse_block *k)
{
    const __m128i least = _mm_min_epu8(_mm_min_epu8(k->a, k->b), _mm_min_epu8(k->c, k->d));
    const __m128i low = _mm_min_epu8(least, _mm_set1_epi8('\r'));

    return _mm_movemask_epi8(_mm_cmpeq_epi8(low, least));
}

static inline uint32_t sse_vector_breaks(__m128i v)
{
    const __m128i lf = _mm_cmpeq_epi8(v, _mm_set1_epi8('\n'));
    const __m128i cr = _mm_cmpeq_epi8(v, _mm_set1_epi8('\r'));

    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(lf, cr));
}

static inline uint64_t sse_block_breaks(const sse_block *k)
{
    return sse_vector_breaks(k->a) | sse_vector_breaks(k->b) << 16 |
           (uint64_t)(sse_vector_breaks(k->c) | sse_vector_breaks(k->d) << 16) << 32;
}

#elif defined(__aarch64__) && defined(__ARM_NEON) && !defined(SSE_PORTABLE)
#include <arm_neon.h>

typedef struct sse_block {
    uint8x16_t a, b, c, d;
} sse_block;

static inline uint8x16_t sse_vector_at(const char *p)
{
    return vld1q_u8((const uint8_t *)p);
}

static inline sse_block sse_block_at(const char *p)
{
    const sse_block k = {sse_vector_at(p), sse_vector_at(p + 16), sse_vector_at(p + 32),
                         sse_vector_at(p + 48)};

    return k;
}

static inline void sse_block_put(char *q, const sse_block *k)
{
    vst1q_u8((uint8_t *)q, k->a);
    vst1q_u8((uint8_t *)(q + 16), k->b);
    vst1q_u8((uint8_t *)(q + 32), k->c);
    vst1q_u8((uint8_t *)(q + 48), k->d);
}

static inline int sse_block_low(const sse_block *k)
{
    return vminvq_u8(vminq_u8(vminq_u8(k->a, k->b), vminq_u8(k->c, k->d))) <= '\r';
}

static inline uint32_t sse_vector_breaks(uint8x16_t v)
{
    const uint8x8_t bits = vcreate_u8(UINT64_C(0x8040201008040201));
    const uint8x16_t any = vorrq_u8(vceqq_u8(v, vdupq_n_u8('\n')), vceqq_u8(v, vdupq_n_u8('\r')));
    const uint8x16_t breaks = vandq_u8(any, vcombine_u8(bits, bits));

    return vaddv_u8(vget_low_u8(breaks)) | (uint32_t)vaddv_u8(vget_high_u8(breaks)) << 8;
}

static inline uint64_t sse_block_breaks(const sse_block *k)
{
    return sse_vector_breaks(k->a) | sse_vector_breaks(k->b) << 16 |
           (uint64_t)(sse_vector_breaks(k->c) | sse_vector_breaks(k->d) << 16) << 32;
}

#else
typedef struct sse_block {
    size_t a, b, c, d;
} sse_block;

static inline sse_block sse_block_at(const char *p)
{
    const sse_block k = {sse_word_at(p), sse_word_at(p + WORD_LEN), sse_word_at(p + 2 * WORD_LEN),
                         sse_word_at(p + 3 * WORD_LEN)};

    return k;
}

static inline void sse_block_put(char *q, const sse_block *k)
{
    memcpy(q, &k->a, WORD_LEN);
    memcpy(q + WORD_LEN, &k->b, WORD_LEN);
    memcpy(q + 2 * WORD_LEN, &k->c, WORD_LEN);
    memcpy(q + 3 * WORD_LEN, &k->d, WORD_LEN);
}

static inline int sse_block_low(const sse_block *k)
{
    return (sse_word_low(k->a) | sse_word_low(k->b) | sse_word_low(k->c) | sse_word_low(k->d)) != 0;
}

static inline uint64_t sse_word_breaks(size_t word)
{
    const unsigned char *const bytes = (const unsigned char *)&word;
    uint64_t breaks = 0;
    unsigned i;

    if (sse_word_low(word))
        for (i = 0; i < WORD_LEN; i++)
            breaks |= (uint64_t)(bytes[i] == '\n' || bytes[i] == '\r') << i;
    return breaks;
}

static inline uint64_t sse_block_breaks(const sse_block *k)
{
    return sse_word_breaks(k->a) | sse_word_breaks(k->b) << WORD_LEN |
           sse_word_breaks(k->c) << 2 * WORD_LEN | sse_word_breaks(k->d) << 3 * WORD_LEN;
}
#endif

#define BLOCK_LEN sizeof(sse_block)

/* The number of the lowest bit of a mask that is not 0. */
static inline unsigned sse_lowest(uint64_t mask)
{
#ifdef __GNUC__
    return (unsigned)__builtin_ctzll(mask);
#else
    unsigned i = 0;

    while (!(mask >> i & 1))
        i++;
    return i;
#endif
}

#endif
