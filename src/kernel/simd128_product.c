/*
 * Matrix products in four lanes. Rows of the left matrix are interleaved, five at a time (or four,
 * to make the count come out even), into a small buffer: the inner loop then walks two streams and
 * keeps 5 × MS_PANEL sums in registers. Sums grow in the order of scalar.c, so the bits agree.
 * Weights are packed by pack.c. Products of levels (s16) go the same way, a pair of levels where a
 * float is: rows become levels before they are interleaved, and carry their scales in front.
 */
#include "kernel/simd128.h"

#ifdef MS_SIMD128

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernel/elementary.h"

/*
 * TALL   rows of a tile
 * ROOM   floats of interleaved rows on the stack
 * BLOCK  floats of interleaved rows that stay in the first-level cache while all panels pass
 * GROUP  panels whose sums are kept while rows too long for the room come in pieces
 */
enum { TALL = MS_TALLEST_TILE, ROOM = 8192, BLOCK = 4096, GROUP = 16, TILE = TALL * MS_PANEL };

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
  size_t length; /* of a row: taps × depth floats, or half as many pairs of levels */
  const ms_tile *tiles;
  size_t head; /* rows of MS_PANEL in front of a panel's weights: bias, and scales of levels */
  size_t lead; /* of each row in front of a tile: its scale, where there are levels */
  float limit; /* of levels; 0: none */
  const float *packed;
  size_t columns;
  float *y;
  size_t y_stride;
  const float *residual; /* or NULL */
  size_t residual_stride;
  ms_limits clamp;
} product;

static const float *find_run(const left *from, size_t row, size_t tap) {
  return from->runs != NULL ? from->runs[row * from->taps + tap] : from->x + row * from->x_stride;
}

/* How many rows to take next: 5, or 4 where that lets the rest be split into 5 and 4; else 1. */
static size_t choose_height(size_t rows) {
  size_t fours = (TALL - rows % TALL) % TALL;
  if (fours * 4 > rows) {
    return rows > TALL ? TALL : 1;
  }
  return fours > 0 ? 4 : TALL;
}

/* Interleaves floats first … first + count - 1 of the rows from row on. */
MS_NOINLINE static void pack_rows(const left *from, size_t row, size_t height, size_t first,
                                  size_t count, float *packed) {
  if (count == 0) {
    return;
  }
  for (size_t t = first / from->depth, skipped = first % from->depth; count > 0; t++) {
    size_t part = from->depth - skipped < count ? from->depth - skipped : count;
    const float *x[TALL];
    for (size_t i = 0; i < height; i++) {
      x[i] = find_run(from, row + i, t) + skipped;
    }
    if (height == TALL) {
      ms_interleave_5_simd128(x, part, packed);
    } else if (height == 4) {
      ms_interleave_4_simd128(x, part, packed);
    } else {
      memcpy(packed, x[0], part * sizeof *packed);
    }
    packed += height * part;
    count -= part;
    skipped = 0;
  }
}

static ms_limits no_limits(void) {
  return (ms_limits){ms_splat(-INFINITY), ms_splat(INFINITY)};
}

/* Sums of a tile, [height][MS_PANEL], to y: residual and clamp for the columns that there are. */
MS_NOINLINE static void finish_tile(const product *p, const float *sums, size_t height, size_t row,
                                    size_t column) {
  float *y = p->y + row * p->y_stride + column;
  const float *residual = p->residual;
  if (residual != NULL) {
    residual += row * p->residual_stride + column;
  }
  for (size_t i = 0; i < height; i++, y += p->y_stride) {
    for (size_t j = 0; j < MS_PANEL && column + j < p->columns; j += MS_LANES) {
      size_t rest = p->columns - column - j;
      v128_t value = wasm_v128_load(sums + i * MS_PANEL + j);
      if (residual != NULL) {
        value = wasm_f32x4_add(value, ms_load_lanes(residual + j, rest));
      }
      ms_store_lanes(y + j, ms_clamp_lanes(value, p->clamp.low, p->clamp.high), rest);
    }
    if (residual != NULL) {
      residual += p->residual_stride;
    }
  }
}

/* The same for a whole panel with a residual, which half of all such tiles are. */
MS_NOINLINE static void add_residual(const product *p, const float *sums, size_t height, size_t row,
                                     size_t column) {
  v128_t low = p->clamp.low;
  v128_t high = p->clamp.high;
  float *y = p->y + row * p->y_stride + column;
  const float *residual = p->residual + row * p->residual_stride + column;
  for (const float *end = sums + height * MS_PANEL; sums != end; sums += MS_PANEL) {
    v128_t first = wasm_f32x4_add(wasm_v128_load(sums), wasm_v128_load(residual));
    v128_t second =
        wasm_f32x4_add(wasm_v128_load(sums + MS_LANES), wasm_v128_load(residual + MS_LANES));
    wasm_v128_store(y, ms_clamp_lanes(first, low, high));
    wasm_v128_store(y + MS_LANES, ms_clamp_lanes(second, low, high));
    y += p->y_stride;
    residual += p->residual_stride;
  }
}

/* A tile with all its depth in x, to sums and then to y: for what does not go straight to y. */
MS_NOINLINE static void run_tile_by_sums(const product *p, size_t height, const float *x,
                                         const float *panel, size_t row, size_t column) {
  float sums[TILE];
  ms_limits none = no_limits();
  p->tiles[height](x, p->length, panel + p->head * MS_PANEL, panel, 0, sums, MS_PANEL, &none);
  if (p->residual != NULL && p->columns - column >= MS_PANEL) {
    add_residual(p, sums, height, row, column);
  } else {
    finish_tile(p, sums, height, row, column);
  }
}

/* Rows first … end - 1 in tiles of one height, interleaved in x, times a panel; gives x's end. */
MS_INLINE const float *run_tiles(const product *p, size_t height, const float *x,
                                 const float *panel, size_t first, size_t end, size_t column) {
  bool straight = p->residual == NULL && p->columns - column >= MS_PANEL;
  ms_tile run = p->tiles[height];
  size_t length = p->length;
  size_t head = p->head * MS_PANEL;
  size_t step = height * (p->lead + length);
  float *y = p->y + first * p->y_stride + column;
  for (size_t row = first; row < end; row += height) {
    if (straight) {
      run(x, length, panel + head, panel, 0, y, p->y_stride, &p->clamp);
    } else {
      run_tile_by_sums(p, height, x, panel, row, column);
    }
    x += step;
    y += height * p->y_stride;
  }
  return x;
}

/* Rows first … end - 1, interleaved in x (first by fours, then by fives), times all panels. */
MS_NOINLINE static void run_block(const product *p, const float *x, size_t first, size_t fives,
                                  size_t end) {
  const float *panel = p->packed;
  for (size_t column = 0; column < p->columns; column += MS_PANEL) {
    const float *tile = run_tiles(p, 4, x, panel, first, fives, column);
    run_tiles(p, TALL, tile, panel, fives, end, column);
    panel += MS_PANEL * (p->head + p->length);
  }
}

/* A single row times four panels at once, so that additions need not wait for each other. */
static void run_four_panels(const product *p, const float *x, const float *panel, float *sums) {
  size_t step = MS_PANEL * (1 + p->length);
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

MS_NOINLINE static void run_row(const product *p, const float *x, size_t row) {
  size_t step = MS_PANEL * (p->head + p->length);
  const float *panel = p->packed;
  size_t column = 0;
  for (; p->limit == 0.0f && column + 4 * MS_PANEL <= p->columns;
       column += 4 * MS_PANEL, panel += 4 * step) {
    float sums[4 * MS_PANEL];
    run_four_panels(p, x, panel, sums);
    for (size_t i = 0; i < 4; i++) {
      finish_tile(p, sums + i * MS_PANEL, 1, row, column + i * MS_PANEL);
    }
  }
  for (; column < p->columns; column += MS_PANEL, panel += step) {
    run_tiles(p, 1, x, panel, row, row + 1, column);
  }
}

/* A tile whose rows exceed the room: GROUP panels at a time, their sums kept from piece to piece.
 */
MS_NOINLINE static void run_long_tile(const product *p, size_t height, size_t row, float *buffer) {
  size_t step = MS_PANEL * (1 + p->length);
  ms_limits none = no_limits();
  for (size_t start = 0; start < p->columns; start += GROUP * MS_PANEL) {
    size_t rest = (p->columns - start + MS_PANEL - 1) / MS_PANEL;
    size_t count = rest < GROUP ? rest : GROUP;
    const float *panel = p->packed + start / MS_PANEL * step;
    float sums[GROUP * TILE];
    for (size_t first = 0; first < p->length; first += ROOM / TALL) {
      size_t part = p->length - first < ROOM / TALL ? p->length - first : ROOM / TALL;
      pack_rows(&p->from, row, height, first, part, buffer);
      for (size_t i = 0; i < count; i++) {
        const float *w = panel + i * step;
        float *tile = sums + i * TILE;
        ms_tiles_simd128[height](buffer, part, w + MS_PANEL * (1 + first), first == 0 ? w : tile,
                                 first == 0 ? 0 : MS_PANEL, tile, MS_PANEL, &none);
      }
    }
    for (size_t i = 0; i < count; i++) {
      finish_tile(p, sums + i * TILE, height, row, start + i * MS_PANEL);
    }
  }
}

/* The same rows as levels: their scales, then their interleaved pairs. */
MS_NOINLINE static void pack_levels(const product *p, size_t row, size_t height, float *packed) {
  float lines[2 * ROOM];
  const float *x[TALL];
  const left *from = &p->from;
  size_t length = from->taps * from->depth;
  for (size_t i = 0; i < height; i++) {
    x[i] = find_run(from, row + i, 0);
    for (size_t t = 0; from->taps > 1 && t < from->taps; t++) {
      const float *run = find_run(from, row + i, t);
      memcpy(lines + i * length + t * from->depth, run, from->depth * sizeof *lines);
      x[i] = lines + i * length;
    }
  }
  ms_interleave_s16_simd128(x, height, length, p->limit, packed);
}

/* Interleaves as many rows as are to stay in the cache, multiplies them, goes on. */
static void run_product(const product *p, size_t rows) {
  float buffer[ROOM + TALL];
  for (size_t row = 0; row < rows;) {
    size_t height = choose_height(rows - row);
    if (height * p->length > ROOM) {
      run_long_tile(p, height, row, buffer);
      row += height;
      continue;
    }
    size_t first = row;
    size_t fives = row;
    size_t used = 0;
    do {
      if (p->limit > 0.0f) {
        pack_levels(p, row, height, buffer + used);
      } else {
        pack_rows(&p->from, row, height, 0, p->length, buffer + used);
      }
      used += height * (p->lead + p->length);
      row += height;
      fives = height == 4 ? row : fives;
      height = row < rows ? choose_height(rows - row) : 1;
    } while (height > 1 && used + height * (p->lead + p->length) <= BLOCK);
    if (row - first == 1) {
      run_row(p, buffer, first);
    } else {
      run_block(p, buffer, first, fives, row);
    }
  }
}

static product make_product(left from, const float *packed, float *y, size_t y_stride,
                            size_t columns, const ms_epilogue *epilogue) {
  return (product){.from = from,
                   .length = from.taps * from.depth,
                   .tiles = ms_tiles_simd128,
                   .head = 1,
                   .packed = packed,
                   .columns = columns,
                   .y = y,
                   .y_stride = y_stride,
                   .residual = epilogue->residual,
                   .residual_stride = epilogue->residual_stride,
                   .clamp = {ms_splat(epilogue->low), ms_splat(epilogue->high)}};
}

/* Turns a product of floats into one of levels; packed as ms_pack_s16 has it. */
static void use_levels(product *p) {
  p->length = (p->length + 1) / 2;
  p->tiles = ms_tiles_s16_simd128;
  p->head = 2;
  p->lead = 1;
  p->limit = *p->packed++;
}

void ms_gemm_simd128(const float *x, size_t x_stride, size_t depth, const float *packed, float *y,
                     size_t y_stride, size_t rows, size_t columns, const ms_epilogue *epilogue) {
  left from = {.x = x, .x_stride = x_stride, .taps = 1, .depth = depth};
  product p = make_product(from, packed, y, y_stride, columns, epilogue);
  run_product(&p, rows);
}

void ms_gemm_indirect_simd128(const float *const *x, size_t taps, size_t depth, const float *packed,
                              float *y, size_t y_stride, size_t rows, size_t columns,
                              const ms_epilogue *epilogue) {
  left from = {.runs = x, .taps = taps, .depth = depth};
  product p = make_product(from, packed, y, y_stride, columns, epilogue);
  run_product(&p, rows);
}

void ms_gemm_s16_simd128(const float *x, size_t x_stride, size_t depth, const float *packed,
                         float *y, size_t y_stride, size_t rows, size_t columns,
                         const ms_epilogue *epilogue) {
  left from = {.x = x, .x_stride = x_stride, .taps = 1, .depth = depth};
  product p = make_product(from, packed, y, y_stride, columns, epilogue);
  use_levels(&p);
  run_product(&p, rows);
}

void ms_gemm_indirect_s16_simd128(const float *const *x, size_t taps, size_t depth,
                                  const float *packed, float *y, size_t y_stride, size_t rows,
                                  size_t columns, const ms_epilogue *epilogue) {
  left from = {.runs = x, .taps = taps, .depth = depth};
  product p = make_product(from, packed, y, y_stride, columns, epilogue);
  use_levels(&p);
  run_product(&p, rows);
}

#endif
