/*
 * Matrix products in four lanes: tiles of four rows keep 4 × MS_PANEL sums in registers. Rows are
 * read where they lie; gathered ones are copied together first, a few at a time. Sums grow in the
 * order of scalar.c, so the bits agree. Weights are packed by pack.c. Products of levels (s16) go
 * the same way, a pair of levels where a float is: rows become levels instead of being copied, and
 * carry their scales in front.
 */
#include "kernel/simd128_tile.h"

#ifdef MS_SIMD128

#include <math.h>
#include <stdbool.h>

/*
 * TALL   rows of a tile
 * SUMS   rows whose sums are kept until residuals are added, a multiple of TALL
 * ROOM   floats of copied rows on the stack
 * BLOCK  floats of rows that stay in the first-level cache while all panels pass
 */
enum { TALL = MS_TALLEST_TILE, SUMS = 8 * TALL, ROOM = 8192, BLOCK = 4096 };

/* The left matrix: row r is the concatenation of taps runs of depth floats. */
typedef struct left {
  const float *x; /* rows x_stride apart; taps is 1 */
  size_t x_stride;
  const float *const *runs; /* [rows][taps], or NULL */
  size_t taps;
  size_t depth;
} left;

typedef struct product {
  left from;
  bool fetched;    /* rows are copied or made levels before they are multiplied */
  size_t x_stride; /* of rows when they are multiplied */
  size_t length;   /* of a row: taps × depth floats, or half as many pairs of levels */
  const ms_tiles *tiles;
  float limit; /* of levels; 0: none */
  const float *packed;
  size_t step; /* from panel to panel */
  size_t columns;
  float *y;
  size_t y_stride;
  const float *residual; /* or NULL */
  size_t residual_stride;
  ms_limits clamp;
} product;

/* Copies the runs of a row one after the other. */
MS_NOINLINE static void copy_row(const left *from, size_t row, float *copy) {
  for (size_t t = 0; t < from->taps; t++) {
    const float *x = from->runs[row * from->taps + t];
    size_t i = 0;
    for (; i + 2 * MS_LANES <= from->depth; i += 2 * MS_LANES) {
      v128_t first = wasm_v128_load(x + i);
      v128_t second = wasm_v128_load(x + i + MS_LANES);
      wasm_v128_store(copy + i, first);
      wasm_v128_store(copy + i + MS_LANES, second);
    }
    for (; i < from->depth; i++) {
      copy[i] = x[i];
    }
    copy += from->depth;
  }
}

/* Brings rows first … end - 1 of the left matrix into the buffer, as they are or as levels. */
MS_NOINLINE static void fetch_rows(const product *p, size_t first, size_t end, float *buffer) {
  const left *from = &p->from;
  float line[MS_LONGEST_S16];
  for (size_t row = first; row < end; row++, buffer += p->x_stride) {
    const float *x = line;
    if (from->runs != NULL) {
      copy_row(from, row, p->limit > 0.0f ? line : buffer);
    } else {
      x = from->x + row * from->x_stride;
    }
    if (p->limit > 0.0f) {
      ms_make_levels_simd128(x, from->taps * from->depth, p->limit, buffer);
    }
  }
}

/* Sums of rows, [count][width], to y: residual and clamp for the columns that there are. */
MS_NOINLINE static void finish_rows(const product *p, const float *sums, size_t count, size_t width,
                                    size_t row, size_t column) {
  size_t rest = p->columns - column;
  for (const float *end = sums + count * width; sums != end; sums += width, row++) {
    float *y = p->y + row * p->y_stride + column;
    for (size_t j = 0; j < width && j < rest; j += MS_LANES) {
      v128_t value = wasm_v128_load(sums + j);
      if (p->residual != NULL) {
        const float *residual = p->residual + row * p->residual_stride + column + j;
        value = wasm_f32x4_add(value, ms_load_lanes(residual, rest - j));
      }
      ms_store_lanes(y + j, ms_clamp_lanes(value, p->clamp.low, p->clamp.high), rest - j);
    }
  }
}

/* The same for a whole panel with a residual, which half of all such rows have. */
MS_NOINLINE static void add_residual(const product *p, const float *sums, size_t count, size_t row,
                                     size_t column) {
  v128_t low = p->clamp.low;
  v128_t high = p->clamp.high;
  float *y = p->y + row * p->y_stride + column;
  const float *residual = p->residual + row * p->residual_stride + column;
  for (const float *end = sums + count * MS_PANEL; sums != end; sums += MS_PANEL) {
    v128_t first = wasm_f32x4_add(wasm_v128_load(sums), wasm_v128_load(residual));
    v128_t second =
        wasm_f32x4_add(wasm_v128_load(sums + MS_LANES), wasm_v128_load(residual + MS_LANES));
    wasm_v128_store(y, ms_clamp_lanes(first, low, high));
    wasm_v128_store(y + MS_LANES, ms_clamp_lanes(second, low, high));
    y += p->y_stride;
    residual += p->residual_stride;
  }
}

/* Tiles to sums and then to y: for what does not go straight to y. At most SUMS rows. */
static void run_tiles_by_sums(const product *p, size_t height, const float *x, const float *panel,
                              size_t row, size_t count, size_t column) {
  float sums[SUMS * MS_PANEL];
  ms_limits none = {ms_splat(-INFINITY), ms_splat(INFINITY)};
  p->tiles[height](x, p->x_stride, p->length, panel, sums, MS_PANEL, &none, count / height);
  if (p->residual != NULL && p->columns - column >= MS_PANEL) {
    add_residual(p, sums, count, row, column);
  } else {
    finish_rows(p, sums, count, MS_PANEL, row, column);
  }
}

/* Rows first … end - 1 in x, in tiles of one height, times the panels from a column on. */
MS_NOINLINE static void run_panels(const product *p, size_t height, const float *x, size_t first,
                                   size_t end, size_t column) {
  for (; column < p->columns; column += MS_PANEL) {
    const float *panel = p->packed + column / MS_PANEL * p->step;
    if (p->residual == NULL && p->columns - column >= MS_PANEL) {
      p->tiles[height](x, p->x_stride, p->length, panel, p->y + first * p->y_stride + column,
                       p->y_stride, &p->clamp, (end - first) / height);
      continue;
    }
    for (size_t row = first; row < end; row += SUMS) {
      size_t count = end - row < SUMS ? end - row : SUMS;
      run_tiles_by_sums(p, height, x + (row - first) * p->x_stride, panel, row, count, column);
    }
  }
}

/* A single row times four panels at once, so that additions need not wait for each other. */
static void run_four_panels(const product *p, const float *x, const float *panel, float *sums) {
  size_t step = p->step;
  v128_t first[4];
  v128_t second[4];
  for (size_t i = 0; i < 4; i++) {
    first[i] = wasm_v128_load(panel + i * step);
    second[i] = wasm_v128_load(panel + i * step + MS_LANES);
  }
  const float *w = panel + MS_PANEL;
  for (size_t k = 0; k < p->length; k++) {
    v128_t value = wasm_v128_load32_splat(x + k);
    for (size_t i = 0; i < 4; i++) {
      first[i] = ms_add_product(first[i], value, wasm_v128_load(w + i * step));
      second[i] = ms_add_product(second[i], value, wasm_v128_load(w + i * step + MS_LANES));
    }
    w += MS_PANEL;
  }
  for (size_t i = 0; i < 4; i++) {
    wasm_v128_store(sums + i * MS_PANEL, first[i]);
    wasm_v128_store(sums + i * MS_PANEL + MS_LANES, second[i]);
  }
}

static void run_row(const product *p, const float *x, size_t row) {
  size_t column = 0;
  for (; p->limit == 0.0f && column + 4 * MS_PANEL <= p->columns; column += 4 * MS_PANEL) {
    float sums[4 * MS_PANEL];
    run_four_panels(p, x, p->packed + column / MS_PANEL * p->step, sums);
    finish_rows(p, sums, 1, 4 * MS_PANEL, row, column);
  }
  run_panels(p, 1, x, row, row + 1, column);
}

/* Up to TALL gathered rows, too long to be copied, times a panel: run by run. */
static void run_long_tile(const product *p, const float *panel, size_t row, size_t height,
                          size_t column) {
  const left *from = &p->from;
  v128_t sums[TALL][2];
  ms_start_sums(TALL, panel, sums);
  const float *w = panel + MS_PANEL;
  for (size_t t = 0; t < from->taps; t++) {
    const float *x[TALL];
    for (size_t i = 0; i < TALL; i++) {
      x[i] = from->runs[(row + (i < height ? i : 0)) * from->taps + t];
    }
    for (size_t k = 0; k < from->depth; k++, w += MS_PANEL) {
      ms_add_step(TALL, x, k, w, sums);
    }
  }
  float results[TALL * MS_PANEL];
  for (size_t i = 0; i < TALL; i++) {
    wasm_v128_store(results + i * MS_PANEL, sums[i][0]);
    wasm_v128_store(results + i * MS_PANEL + MS_LANES, sums[i][1]);
  }
  finish_rows(p, results, height, MS_PANEL, row, column);
}

MS_NOINLINE static void run_long_rows(const product *p, size_t rows) {
  const float *panel = p->packed;
  for (size_t column = 0; column < p->columns; column += MS_PANEL, panel += p->step) {
    for (size_t row = 0; row < rows; row += TALL) {
      run_long_tile(p, panel, row, rows - row < TALL ? rows - row : TALL, column);
    }
  }
}

/* Takes as many rows as are to stay in the cache, multiplies them, goes on. */
static void run_product(const product *p, size_t rows) {
  float buffer[ROOM];
  if (p->fetched && TALL * p->x_stride > ROOM) {
    run_long_rows(p, rows);
    return;
  }
  size_t most = BLOCK / (p->length + 1) / TALL * TALL;
  most = most < TALL ? TALL : most;
  for (size_t row = 0; row < rows;) {
    size_t count = rows - row < TALL ? 1 : (rows - row) / TALL * TALL;
    count = count < most ? count : most;
    const float *x = buffer;
    if (p->fetched) {
      fetch_rows(p, row, row + count, buffer);
    } else {
      x = p->from.x + row * p->from.x_stride;
    }
    if (count == 1) {
      run_row(p, x, row);
    } else {
      run_panels(p, TALL, x, row, row + count, 0);
    }
    row += count;
  }
}

/* The product of a left matrix and packed weights, of levels where ms_pack_s16 packed them. */
MS_NOINLINE static void multiply(const left *from, bool levels, const float *packed, float *y,
                                 size_t y_stride, size_t rows, size_t columns,
                                 const ms_epilogue *epilogue) {
  size_t length = from->taps * from->depth;
  product p = {.from = *from,
               .fetched = from->runs != NULL,
               .x_stride = from->runs != NULL ? length : from->x_stride,
               .length = length,
               .tiles = ms_tiles_simd128,
               .packed = packed,
               .step = MS_PANEL * (1 + length),
               .columns = columns,
               .y = y,
               .y_stride = y_stride,
               .residual = epilogue->residual,
               .residual_stride = epilogue->residual_stride,
               .clamp = {ms_splat(epilogue->low), ms_splat(epilogue->high)}};
  if (levels) {
    p.fetched = true;
    p.length = (length + 1) / 2;
    p.x_stride = 1 + p.length;
    p.tiles = ms_tiles_s16_simd128;
    p.step = MS_PANEL * (2 + p.length);
    p.limit = *p.packed++;
  }
  run_product(&p, rows);
}

void ms_gemm_simd128(const float *x, size_t x_stride, size_t depth, const float *packed, float *y,
                     size_t y_stride, size_t rows, size_t columns, const ms_epilogue *epilogue) {
  left from = {.x = x, .x_stride = x_stride, .taps = 1, .depth = depth};
  multiply(&from, false, packed, y, y_stride, rows, columns, epilogue);
}

void ms_gemm_indirect_simd128(const float *const *x, size_t taps, size_t depth, const float *packed,
                              float *y, size_t y_stride, size_t rows, size_t columns,
                              const ms_epilogue *epilogue) {
  left from = {.runs = x, .taps = taps, .depth = depth};
  multiply(&from, false, packed, y, y_stride, rows, columns, epilogue);
}

void ms_gemm_s16_simd128(const float *x, size_t x_stride, size_t depth, const float *packed,
                         float *y, size_t y_stride, size_t rows, size_t columns,
                         const ms_epilogue *epilogue) {
  left from = {.x = x, .x_stride = x_stride, .taps = 1, .depth = depth};
  multiply(&from, true, packed, y, y_stride, rows, columns, epilogue);
}

void ms_gemm_indirect_s16_simd128(const float *const *x, size_t taps, size_t depth,
                                  const float *packed, float *y, size_t y_stride, size_t rows,
                                  size_t columns, const ms_epilogue *epilogue) {
  left from = {.runs = x, .taps = taps, .depth = depth};
  multiply(&from, true, packed, y, y_stride, rows, columns, epilogue);
}

#endif
