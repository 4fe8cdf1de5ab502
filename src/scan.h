/* scan.h - private: 64 bytes looked at in one go, where speed matters: with vectors where the
 * compiler has them, else with words. Builds for size do without, and have no SSE_BLOCK.
 *
 * Most text has no byte up to CR at all, which is cheaper to tell than that it has no LF and no CR:
 * a block is asked first whether it has low bytes, and then which of them are breaks.
 *
 * SSE_PORTABLE, if defined, asks for words whatever the compiler has. */
#ifndef SSE_SCAN_H
#define SSE_SCAN_H

#include "sse/base.h"

#include <string.h>

#ifndef __OPTIMIZE_SIZE__

#define SSE_WORD  sizeof(size_t)
#define SSE_BYTES ((size_t)-1 / 0xFF) /* 1 in each byte of a word */

static inline size_t sse_word_at(const char *p)
{
    size_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

/* Not 0 if a byte of the word is low. Bytes above a low one may be marked by mistake, so that which
 * they are is not told. */
static inline size_t sse_word_low(size_t word)
{
    return (word - SSE_BYTES * ('\r' + 1)) & ~word & SSE_BYTES << 7;
}

/* Copy a word, if it has no low byte; tells whether. */
static inline int sse_copy_word(char *q, const char *p)
{
    const size_t word = sse_word_at(p);

    if (sse_word_low(word))
        return 0;
    memcpy(q, &word, sizeof word);
    return 1;
}

/* Copy n bytes, if it can be told at a glance that they are of one line; tells whether. */
static inline int sse_copy_short(char *q, const char *p, size_t n)
{
    size_t i;

    if (n >= SSE_WORD) {
        for (i = 0; i + SSE_WORD < n; i += SSE_WORD)
            if (!sse_copy_word(q + i, p + i))
                return 0;
        return sse_copy_word(q + n - SSE_WORD, p + n - SSE_WORD);
    }
    for (i = 0; i < n; i++) {
        if (p[i] == '\n' || p[i] == '\r')
            return 0;
        q[i] = p[i];
    }
    return 1;
}

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

    return _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, least)) != 0;
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

    return _mm_movemask_epi8(_mm_cmpeq_epi8(low, least)) != 0;
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
    const sse_block k = {sse_word_at(p), sse_word_at(p + SSE_WORD), sse_word_at(p + 2 * SSE_WORD),
                         sse_word_at(p + 3 * SSE_WORD)};

    return k;
}

static inline void sse_block_put(char *q, const sse_block *k)
{
    memcpy(q, &k->a, SSE_WORD);
    memcpy(q + SSE_WORD, &k->b, SSE_WORD);
    memcpy(q + 2 * SSE_WORD, &k->c, SSE_WORD);
    memcpy(q + 3 * SSE_WORD, &k->d, SSE_WORD);
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
        for (i = 0; i < SSE_WORD; i++)
            breaks |= (uint64_t)(bytes[i] == '\n' || bytes[i] == '\r') << i;
    return breaks;
}

static inline uint64_t sse_block_breaks(const sse_block *k)
{
    return sse_word_breaks(k->a) | sse_word_breaks(k->b) << SSE_WORD |
           sse_word_breaks(k->c) << 2 * SSE_WORD | sse_word_breaks(k->d) << 3 * SSE_WORD;
}
#endif

#define SSE_BLOCK sizeof(sse_block)

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

/* Where a copy stopped: in memory, and in the text. */
typedef struct sse_stop {
    char *to;
    const char *from;
} sse_stop;

static inline sse_stop sse_stop_at(char *to, const char *from)
{
    const sse_stop stop = {to, from};

    return stop;
}

/* Put the beginning of data, a block or more, in one pass. There is room at `to` for the text as it
 * is, and for `spare` bytes more. Stops where these are used up, at a CR, or near the end. lines.c.
 */
sse_stop sse_blocks_copy(char *to, size_t spare, const char *text, const char *end);

/* The same for data of any length. */
static inline sse_stop sse_lines_copy(char *to, size_t spare, const char *text, size_t len)
{
    if (len >= SSE_BLOCK)
        return sse_blocks_copy(to, spare, text, text + len);
    if (sse_copy_short(to, text, len))
        return sse_stop_at(to + len, text + len);
    return sse_stop_at(to, text);
}

#endif
#endif
