/*
 * The fast table against the scalar specification: the same bits for every kernel, on all small
 * sizes, with odd strides, at all alignments, with inputs that end where their memory ends (the
 * sanitizers see a read beyond) and guards around what is written.
 */
#include "kernel/kernels.h"

#include <stdbool.h>
#include <stdlib.h>

#include "check.h"
#include "core/random.h"

enum { SEED = 3, LARGEST = 70, GUARDS = 4 };

static const float GUARD = 12345.0f;

/* A block of floats that ends with its memory and starts offset (0 … 3) floats into it. */
typedef struct block {
  float *memory;
  float *x;
  size_t count;
} block;

static block make_block(size_t count, size_t offset) {
  block made = {.memory = malloc((count + offset + (count + offset == 0)) * sizeof(float)),
                .count = count};
  if (made.memory == NULL) {
    abort();
  }
  made.x = made.memory + offset;
  return made;
}

static block random_block(ms_random *random, size_t count, size_t offset) {
  block made = make_block(count, offset);
  for (size_t i = 0; i < count; i++) {
    made.x[i] = (float)ms_random_normal(random);
  }
  return made;
}

/* Random, with some of the values that break what is careless. */
static block special_block(ms_random *random, size_t count, size_t offset) {
  static const float specials[] = {INFINITY,   -INFINITY, NAN,    0.0f,   -0.0f,   0x1p-140f,
                                   -0x1p-149f, 3e38f,     -100.f, 88.75f, -87.5f,  1e-20f,
                                   0.875f,     -0.875f,   1.0f,   2.0f,   -104.0f, 16777216.0f};
  block made = random_block(random, count, offset);
  for (size_t i = 0; i < count; i++) {
    if (ms_random_below(random, 3) == 0) {
      made.x[i] = specials[ms_random_below(random, sizeof specials / sizeof *specials)];
    }
  }
  return made;
}

/* An output with guards on both sides. */
static block guarded_block(size_t count) {
  block made = make_block(count + 2 * GUARDS, 0);
  for (size_t i = 0; i < made.count; i++) {
    made.x[i] = GUARD;
  }
  made.x += GUARDS;
  return made;
}

/* The same bits, guards too, but that a NaN is a NaN: WebAssembly leaves its sign open. */
static void check_same(const block *fast, const block *plain, const char *what) {
  size_t different = 0;
  for (size_t i = 0; i < fast->count; i++) {
    bool same = memcmp(&fast->memory[i], &plain->memory[i], sizeof *fast->memory) == 0;
    different += !same && !(isnan(fast->memory[i]) && isnan(plain->memory[i]));
  }
  for (size_t i = 0; i < GUARDS; i++) {
    different += fast->memory[i] != GUARD || fast->memory[fast->count - 1 - i] != GUARD;
  }
  if (different > 0) {
    fprintf(stderr, "%s differs, count %zu, seed %d\n", what, fast->count - 2 * GUARDS, SEED);
  }
  CHECK_EQUAL(different, 0);
}

static void check_same_number(float fast, float plain, const char *what, size_t count) {
  bool same = fast == plain || (isnan(fast) && isnan(plain));
  if (!same) {
    fprintf(stderr, "%s differs, count %zu, seed %d\n", what, count, SEED);
  }
  CHECK(same);
}

static void free_blocks(block *blocks, size_t count) {
  for (size_t i = 0; i < count; i++) {
    free(blocks[i].memory);
  }
}

static void test_sums_agree(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(SEED, 1);
  for (size_t count = 0; count <= LARGEST; count++) {
    for (size_t special = 0; special < 2; special++) {
      block a = special ? special_block(&random, count, count % 4)
                        : random_block(&random, count, count % 4);
      block b = random_block(&random, count, (count + 1) % 4);
      check_same_number(fast->dot(a.x, b.x, count), plain->dot(a.x, b.x, count), "dot", count);
      check_same_number(fast->sum(a.x, count), plain->sum(a.x, count), "sum", count);
      check_same_number(fast->sum_squares(a.x, 0.3f, count), plain->sum_squares(a.x, 0.3f, count),
                        "sum_squares", count);
      check_same_number(fast->maximum(a.x, count), plain->maximum(a.x, count), "maximum", count);
      free(a.memory);
      free(b.memory);
    }
  }
}

static void test_unary_functions_agree(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(SEED, 2);
  for (size_t count = 0; count <= LARGEST; count++) {
    block a = special_block(&random, count, count % 4);
    for (int f = 0; f < MS_UNARY_COUNT; f++) {
      block y[2] = {guarded_block(count), guarded_block(count)};
      fast->unary((ms_unary)f, y[0].x, a.x, count, 0.2f, 0.9f);
      plain->unary((ms_unary)f, y[1].x, a.x, count, 0.2f, 0.9f);
      check_same(&y[0], &y[1], "unary");
      if (count > 0) {
        memcpy(y[0].x, a.x, count * sizeof *a.x);
      }
      fast->unary((ms_unary)f, y[0].x, y[0].x, count, 0.2f, 0.9f);
      check_same(&y[0], &y[1], "unary in place");
      free_blocks(y, 2);
    }
    free(a.memory);
  }
}

static void test_binary_functions_agree(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(SEED, 3);
  for (size_t count = 0; count <= LARGEST; count++) {
    for (size_t steps = 0; steps < 4; steps++) {
      block a = special_block(&random, (steps & 1) != 0 ? count : 1, count % 4);
      block b = special_block(&random, (steps & 2) != 0 ? count : 1, (count + 2) % 4);
      if (count % 8 == 0 && (steps & 2) == 0) {
        b.x[0] = 2.0f;
      }
      for (int f = 0; f < MS_BINARY_COUNT; f++) {
        block y[2] = {guarded_block(count), guarded_block(count)};
        fast->binary((ms_binary)f, y[0].x, a.x, steps & 1, b.x, steps >> 1, count);
        plain->binary((ms_binary)f, y[1].x, a.x, steps & 1, b.x, steps >> 1, count);
        check_same(&y[0], &y[1], "binary");
        free_blocks(y, 2);
      }
      free(a.memory);
      free(b.memory);
    }
  }
}

static void test_rows_agree(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(SEED, 4);
  for (size_t count = 1; count <= LARGEST; count++) {
    block x = random_block(&random, count, count % 4);
    block gain = random_block(&random, count, (count + 1) % 4);
    block y[2] = {guarded_block(count), guarded_block(count)};
    fast->softmax(y[0].x, x.x, count);
    plain->softmax(y[1].x, x.x, count);
    check_same(&y[0], &y[1], "softmax");
    fast->layer_norm(y[0].x, x.x, gain.x, gain.x, 1e-5f, count);
    plain->layer_norm(y[1].x, x.x, gain.x, gain.x, 1e-5f, count);
    check_same(&y[0], &y[1], "layer_norm");
    fast->axpy(y[0].x, 0.7f, x.x, count);
    plain->axpy(y[1].x, 0.7f, x.x, count);
    check_same(&y[0], &y[1], "axpy");
    free_blocks(y, 2);
    free(x.memory);
    free(gain.memory);
  }
}

static void test_layouts_agree(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(SEED, 5);
  for (size_t rows = 0; rows <= 19; rows++) {
    for (size_t columns = 0; columns <= 19; columns++) {
      block x = random_block(&random, rows * columns, columns % 4);
      block y[2] = {guarded_block(rows * columns), guarded_block(rows * columns)};
      fast->transpose(x.x, rows, columns, y[0].x);
      plain->transpose(x.x, rows, columns, y[1].x);
      check_same(&y[0], &y[1], "transpose");
      free_blocks(y, 2);
      free(x.memory);
    }
  }
}

/* As many squares as fit into some random pixels, which end with their memory. */
static void check_reduce(const ms_kernels *fast, const ms_kernels *plain, ms_random *random) {
  size_t factor = 2 + ms_random_below(random, MS_MOST_REDUCED - 1);
  size_t count = ms_random_below(random, 5);
  size_t stride = (count * factor + ms_random_below(random, 3)) * 4;
  size_t size = (factor - 1) * stride + count * factor * 4;
  uint8_t *rgba = malloc(size + 1);
  uint8_t *means = malloc(2 * count * 4 + 1);
  if (rgba == NULL || means == NULL) {
    abort();
  }
  bool opaque = ms_random_below(random, 4) > 0;
  bool white = ms_random_below(random, 8) == 0;
  for (size_t i = 0; i < size; i++) {
    bool full = white || (i % 4 == 3 && (opaque || ms_random_below(random, 2) == 0));
    rgba[i] = full ? 255 : (uint8_t)ms_random_below(random, 256);
  }
  memset(means, 1, 2 * count * 4);
  fast->reduce(rgba, stride, factor, means, count);
  plain->reduce(rgba, stride, factor, means + count * 4, count);
  CHECK_EQUAL(memcmp(means, means + count * 4, count * 4), 0);
  free(means);
  free(rgba);
}

static void test_squares_of_pixels_agree(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(SEED, 7);
  for (int i = 0; i < 300; i++) {
    check_reduce(fast, plain, &random);
  }
}

/* Pixels end with their memory; some are transparent, wholly or in part. */
static void test_rows_of_pixels_agree(const ms_kernels *fast, const ms_kernels *plain) {
  enum { PIXELS = 23 };
  ms_random random = ms_random_make(SEED, 6);
  uint8_t *rgba = malloc(PIXELS * 4);
  for (size_t i = 0; rgba != NULL && i < PIXELS * 4; i++) {
    bool opaque = i % 4 == 3 && ms_random_below(&random, 2) == 0;
    rgba[i] = opaque ? 255 : (uint8_t)ms_random_below(&random, 256);
  }
  for (size_t count = 0; count <= PIXELS; count++) {
    block weights = random_block(&random, PIXELS, count % 4);
    block pixels[2] = {guarded_block(count * 4), guarded_block(count * 4)};
    block y[2] = {guarded_block(count * 3), guarded_block(count * 3)};
    ms_span spans[PIXELS];
    for (size_t i = 0; i < count; i++) {
      size_t first = ms_random_below(&random, count);
      spans[i] = (ms_span){first, ms_random_below(&random, count - first + 1), weights.x};
    }
    fast->compose(rgba + (PIXELS - count) * 4, pixels[0].x, count);
    plain->compose(rgba + (PIXELS - count) * 4, pixels[1].x, count);
    check_same(&pixels[0], &pixels[1], "compose");
    fast->resample(pixels[0].x, spans, y[0].x, count);
    plain->resample(pixels[0].x, spans, y[1].x, count);
    check_same(&y[0], &y[1], "resample");
    free_blocks(pixels, 2);
    free_blocks(y, 2);
    free(weights.memory);
  }
  free(rgba);
}

static void test_all_halves_widen_alike(const ms_kernels *fast, const ms_kernels *plain) {
  enum { COUNT = 65536 };
  uint16_t *halves = malloc(COUNT * sizeof *halves);
  block y[2] = {guarded_block(COUNT), guarded_block(COUNT)};
  for (size_t i = 0; halves != NULL && i < COUNT; i++) {
    halves[i] = (uint16_t)i;
  }
  fast->widen_half(halves, y[0].x, COUNT);
  plain->widen_half(halves, y[1].x, COUNT);
  CHECK_EQUAL(memcmp(y[0].memory, y[1].memory, y[0].count * sizeof(float)), 0);
  for (size_t count = 0; count <= LARGEST; count++) {
    uint16_t *part = malloc((count + 1) * sizeof *part);
    block z[2] = {guarded_block(count), guarded_block(count)};
    memcpy(part + 1, halves + 15000, count * sizeof *part);
    fast->widen_half(part + 1, z[0].x, count);
    plain->widen_half(part + 1, z[1].x, count);
    check_same(&z[0], &z[1], "widen_half");
    free_blocks(z, 2);
    free(part);
  }
  free(halves);
  free_blocks(y, 2);
}

typedef struct product {
  size_t rows, taps, depth, columns;
  bool residual;
} product;

/* The functions of a product: of floats, or of levels. */
typedef struct product_kernels {
  size_t (*packed_count)(size_t, size_t);
  void (*pack)(const float *, size_t, size_t, size_t, size_t, size_t, size_t, const float *,
               float *);
  void (*gemm)(const float *, size_t, size_t, const float *, float *, size_t, size_t, size_t,
               const ms_epilogue *);
  void (*gemm_indirect)(const float *const *, size_t, size_t, const float *, float *, size_t,
                        size_t, size_t, const ms_epilogue *);
} product_kernels;

static product_kernels choose(const ms_kernels *table, bool levels) {
  if (levels) {
    return (product_kernels){ms_packed_s16_count, ms_pack_s16, table->gemm_s16,
                             table->gemm_indirect_s16};
  }
  return (product_kernels){ms_packed_count, ms_pack, table->gemm, table->gemm_indirect};
}

/* One product by both tables: as gemm, by pointers, and with y as its own residual. */
static void check_product_of(product_kernels fast, product_kernels plain, ms_random *random,
                             product p) {
  size_t length = p.taps * p.depth;
  size_t stride = p.columns + p.rows % 4;
  size_t result = p.rows == 0 || p.columns == 0 ? 0 : (p.rows - 1) * stride + p.columns;
  block x = random_block(random, p.rows * length, p.columns % 4);
  block weights = random_block(random, length * p.columns, 0);
  block bias = random_block(random, p.columns, 0);
  block residual = random_block(random, p.rows * p.columns, p.rows % 4);
  block packed = make_block(fast.packed_count(length, p.columns), p.depth % 4);
  const float **runs = malloc((p.rows * p.taps + 1) * sizeof *runs);
  block y[4] = {guarded_block(result), guarded_block(result), guarded_block(result),
                guarded_block(result)};
  for (size_t i = 0; i < p.rows * p.taps; i++) {
    runs[i] = x.x + i * p.depth;
  }
  fast.pack(weights.x, p.taps, p.depth * p.columns, p.depth, p.columns, p.columns, 1, bias.x,
            packed.x);
  ms_epilogue epilogue = {p.residual ? residual.x : NULL, p.columns, -1.5f, 2.5f};
  plain.gemm_indirect(runs, p.taps, p.depth, packed.x, y[0].x, stride, p.rows, p.columns,
                      &epilogue);
  fast.gemm_indirect(runs, p.taps, p.depth, packed.x, y[1].x, stride, p.rows, p.columns, &epilogue);
  fast.gemm(x.x, length, length, packed.x, y[2].x, stride, p.rows, p.columns, &epilogue);
  for (size_t i = 0; p.residual && i < p.rows * p.columns; i++) {
    y[3].x[i / p.columns * stride + i % p.columns] = residual.x[i];
  }
  ms_epilogue in_place = {p.residual ? y[3].x : NULL, stride, -1.5f, 2.5f};
  fast.gemm(x.x, length, length, packed.x, y[3].x, stride, p.rows, p.columns, &in_place);
  check_same(&y[1], &y[0], "gemm_indirect");
  check_same(&y[2], &y[0], "gemm");
  check_same(&y[3], &y[0], "gemm in place");
  free_blocks(y, 4);
  free_blocks((block[5]){x, weights, bias, residual, packed}, 5);
  free(runs);
}

static void check_product(const ms_kernels *fast, const ms_kernels *plain, ms_random *random,
                          product p) {
  check_product_of(choose(fast, false), choose(plain, false), random, p);
  if (p.taps * p.depth <= MS_LONGEST_S16) {
    check_product_of(choose(fast, true), choose(plain, true), random, p);
  }
}

static void test_small_products_agree(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(SEED, 6);
  for (size_t rows = 0; rows <= 23; rows++) {
    for (size_t columns = 0; columns <= 42; columns++) {
      product p = {rows, 1 + columns % 3, ms_random_below(&random, 21), columns,
                   (rows + columns) % 2 == 0};
      check_product(fast, plain, &random, p);
    }
  }
}

/* Rows too long for a tile's buffer, and just not; more than one panel and more rows than one. */
static void test_large_products_agree(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(SEED, 7);
  static const product cases[] = {
      {300, 1, 40, 20, true},   {9, 1, 1638, 9, false},  {10, 1, 1639, 20, true},
      {4, 9, 230, 150, false},  {5, 9, 460, 131, true},  {6, 1, 4000, 12, false},
      {1, 1, 8192, 40, true},   {1, 1, 8193, 40, false}, {1, 3, 5000, 9, true},
      {2, 1, 2048, 137, false}, {3, 49, 70, 33, true},   {10, 1, MS_LONGEST_S16, 30, true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    check_product(fast, plain, &random, cases[i]);
  }
}

static void test_strides_of_the_left_matrix_are_kept(const ms_kernels *fast,
                                                     const ms_kernels *plain) {
  ms_random random = ms_random_make(SEED, 8);
  enum { ROWS = 11, DEPTH = 13, STRIDE = 17, COLUMNS = 19 };
  block x = random_block(&random, (ROWS - 1) * STRIDE + DEPTH, 1);
  block packed = random_block(&random, ms_packed_count(DEPTH, COLUMNS), 3);
  block y[2] = {guarded_block(ROWS * COLUMNS), guarded_block(ROWS * COLUMNS)};
  ms_epilogue open = {NULL, 0, -INFINITY, INFINITY};
  fast->gemm(x.x, STRIDE, DEPTH, packed.x, y[0].x, COLUMNS, ROWS, COLUMNS, &open);
  plain->gemm(x.x, STRIDE, DEPTH, packed.x, y[1].x, COLUMNS, ROWS, COLUMNS, &open);
  check_same(&y[0], &y[1], "gemm with a stride");
  free_blocks(y, 2);
  free(x.memory);
  free(packed.memory);
}

static void test_not_a_number_passes_through_products(const ms_kernels *fast,
                                                      const ms_kernels *plain) {
  ms_random random = ms_random_make(SEED, 9);
  for (size_t i = 0; i < 40; i++) {
    size_t rows = 1 + ms_random_below(&random, 12);
    block x = special_block(&random, rows * 7, 0);
    block packed = special_block(&random, ms_packed_count(7, 11), 0);
    block y[2] = {guarded_block(rows * 11), guarded_block(rows * 11)};
    ms_epilogue clamp = {NULL, 0, 0.0f, 6.0f};
    fast->gemm(x.x, 7, 7, packed.x, y[0].x, 11, rows, 11, &clamp);
    plain->gemm(x.x, 7, 7, packed.x, y[1].x, 11, rows, 11, &clamp);
    check_same(&y[0], &y[1], "gemm of special values");
    block weights = special_block(&random, 7 * 11, 0);
    block levels = make_block(ms_packed_s16_count(7, 11), 0);
    ms_pack_s16(weights.x, 1, 0, 7, 11, 11, 1, NULL, levels.x);
    fast->gemm_s16(x.x, 7, 7, levels.x, y[0].x, 11, rows, 11, &clamp);
    plain->gemm_s16(x.x, 7, 7, levels.x, y[1].x, 11, rows, 11, &clamp);
    check_same(&y[0], &y[1], "gemm_s16 of special values");
    free(weights.memory);
    free(levels.memory);
    free_blocks(y, 2);
    free(x.memory);
    free(packed.memory);
  }
}

static void test_gathered_windows_agree(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(SEED, 10);
  static const size_t tap_counts[] = {1, 4, 9, 25};
  for (size_t channels = 0; channels <= LARGEST; channels++) {
    size_t taps = tap_counts[channels % 4];
    size_t rows = 1 + channels % 5;
    size_t stride = channels + 2;
    size_t result = channels == 0 ? 0 : (rows - 1) * stride + channels;
    block x = random_block(&random, rows * taps * channels, channels % 4);
    block packed = random_block(&random, ms_packed_depthwise_count(taps, channels), 1);
    block residual = random_block(&random, rows * channels, 2);
    static const float scales[5] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f};
    const float **runs = malloc(rows * taps * sizeof *runs);
    for (size_t i = 0; i < rows * taps; i++) {
      runs[i] = x.x + i * channels;
    }
    block y[2] = {guarded_block(result), guarded_block(result)};
    ms_epilogue epilogue = {channels % 2 == 0 ? residual.x : NULL, channels, -INFINITY, 3.0f};
    fast->depthwise(runs, taps, packed.x, y[0].x, stride, rows, channels, &epilogue);
    plain->depthwise(runs, taps, packed.x, y[1].x, stride, rows, channels, &epilogue);
    check_same(&y[0], &y[1], "depthwise");
    fast->mean_rows(x.x, channels, rows, channels, y[0].x);
    plain->mean_rows(x.x, channels, rows, channels, y[1].x);
    check_same(&y[0], &y[1], "mean_rows");
    for (size_t i = 0; i < rows * taps; i++) {
      runs[i] = ms_random_below(&random, 4) == 0 ? NULL : runs[i];
    }
    fast->pool_maximum(runs, taps, y[0].x, stride, rows, channels);
    plain->pool_maximum(runs, taps, y[1].x, stride, rows, channels);
    check_same(&y[0], &y[1], "pool_maximum");
    fast->pool_mean(runs, taps, scales, y[0].x, stride, rows, channels);
    plain->pool_mean(runs, taps, scales, y[1].x, stride, rows, channels);
    check_same(&y[0], &y[1], "pool_mean");
    free_blocks(y, 2);
    free_blocks((block[3]){x, packed, residual}, 3);
    free(runs);
  }
}

/* One row of a random depthwise convolution; rows of padding among its inputs. */
static void check_depthwise_row(const ms_kernels *fast, const ms_kernels *plain,
                                ms_random *random) {
  ms_sweep sweep = {.kernel_height = 1 + ms_random_below(random, 7),
                    .kernel_width = 1 + ms_random_below(random, 7),
                    .stride = 1 + ms_random_below(random, 3),
                    .dilation = 1 + (ms_random_below(random, 4) == 0),
                    .pad = ms_random_below(random, 5),
                    .columns = 1 + ms_random_below(random, 16),
                    .outputs = ms_random_below(random, 18)};
  size_t channels = ms_random_below(random, 24);
  size_t taps = sweep.kernel_height * sweep.kernel_width;
  size_t result = sweep.outputs * channels;
  block lines[7];
  const float *rows[7];
  for (size_t i = 0; i < sweep.kernel_height; i++) {
    lines[i] = random_block(random, sweep.columns * channels, i % 4);
    rows[i] = ms_random_below(random, 5) == 0 ? NULL : lines[i].x;
  }
  block packed = random_block(random, ms_packed_depthwise_count(taps, channels), channels % 4);
  block residual = random_block(random, sweep.outputs * (channels + 1), 0);
  block y[2] = {guarded_block(result), guarded_block(result)};
  ms_epilogue epilogue = {ms_random_below(random, 4) == 0 ? residual.x : NULL, channels + 1, -2.0f,
                          2.0f};
  fast->depthwise_row(rows, &sweep, packed.x, y[0].x, channels, &epilogue);
  plain->depthwise_row(rows, &sweep, packed.x, y[1].x, channels, &epilogue);
  check_same(&y[0], &y[1], "depthwise_row");
  free_blocks(y, 2);
  free_blocks(lines, sweep.kernel_height);
  free(packed.memory);
  free(residual.memory);
}

static void test_depthwise_rows_agree(const ms_kernels *fast, const ms_kernels *plain) {
  ms_random random = ms_random_make(SEED, 11);
  for (size_t i = 0; i < 6000; i++) {
    check_depthwise_row(fast, plain, &random);
  }
}

int main(void) {
  const ms_kernels *fast = ms_kernels_simd128();
  const ms_kernels *plain = &ms_kernels_scalar;
  if (fast == NULL) {
    printf("SKIPPED: this build has no SIMD128 table (libsimde-dev)\n");
    return 0;
  }
  CHECK(ms_kernels_best() == fast);
  test_sums_agree(fast, plain);
  test_unary_functions_agree(fast, plain);
  test_binary_functions_agree(fast, plain);
  test_rows_agree(fast, plain);
  test_layouts_agree(fast, plain);
  test_rows_of_pixels_agree(fast, plain);
  test_squares_of_pixels_agree(fast, plain);
  test_all_halves_widen_alike(fast, plain);
  test_small_products_agree(fast, plain);
  test_large_products_agree(fast, plain);
  test_strides_of_the_left_matrix_are_kept(fast, plain);
  test_not_a_number_passes_through_products(fast, plain);
  test_gathered_windows_agree(fast, plain);
  test_depthwise_rows_agree(fast, plain);
  return CHECK_EXIT();
}
