/*
 * Speed of the kernels on shapes of MobileNetV2 at 224 × 224 and of small transformers: best time
 * of many, and billions of operations per second. Natively, or as WebAssembly:
 * node tests/run-wasi.mjs build/wasm/bench/kernel_bench.wasm
 * Shares of the multiply+add peak are what `modelspider bench --layers` prints.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/kernels.h"

/* ROOM is floats per buffer, the largest activation below is 112 × 112 × 96. */
enum { ROOM = 1300000, ROUNDS = 25, MAX_TAPS = 9, MAX_WIDTH = 5, MAX_PIXELS = 300, FACTOR = 4 };

/* Processor time, so that other programs disturb less. */
static double now(void) {
  return (double)clock() / CLOCKS_PER_SEC;
}

typedef struct workspace {
  const ms_kernels *kernels;
  float *x;
  float *y;
  float *weights;
  const float **pointers;
  ms_epilogue epilogue;
} workspace;

typedef struct bench_case {
  const char *name;
  void (*run)(const workspace *space, const struct bench_case *self);
  size_t rows, depth, columns; /* what they mean is the run function's */
  double flop;                 /* per row × depth × column */
} bench_case;

static size_t square_root(size_t square) {
  size_t side = 1;
  while (side * side < square) {
    side++;
  }
  return side;
}

static void run_gemm(const workspace *space, const bench_case *self) {
  space->kernels->gemm(space->x, self->depth, self->depth, space->weights, space->y, self->columns,
                       self->rows, self->columns, &space->epilogue);
}

/* The same in integers; any bits do as levels, only their limit must be one. */
static void run_gemm_s16(const workspace *space, const bench_case *self) {
  space->weights[0] = 1000.0f;
  space->kernels->gemm_s16(space->x, self->depth, self->depth, space->weights, space->y,
                           self->columns, self->rows, self->columns, &space->epilogue);
}

/* 3×3 over three channels with stride 2, as the first layer has it; depth is 27. */
static void run_first_layer(const workspace *space, const bench_case *self) {
  for (size_t r = 0; r < self->rows; r++) {
    for (size_t t = 0; t < 9; t++) {
      space->pointers[r * 9 + t] =
          space->x + (r / 112 * 2 + t / 3) * 226 * 3 + (r % 112 * 2 + t % 3) * 3;
    }
  }
  space->kernels->gemm_indirect(space->pointers, 9, 3, space->weights, space->y, self->columns,
                                self->rows, self->columns, &space->epilogue);
}

/* A square image of rows outputs and columns channels under a kernel of depth taps. */
static void run_rows(const workspace *space, const bench_case *self, size_t stride) {
  size_t side = square_root(self->rows);
  size_t width = square_root(self->depth);
  size_t input = side * stride;
  ms_sweep sweep = {.kernel_height = width,
                    .kernel_width = width,
                    .stride = stride,
                    .dilation = 1,
                    .pad = width / 2,
                    .columns = input,
                    .outputs = side};
  for (size_t row = 0; row < side; row++) {
    const float *x[MAX_WIDTH];
    for (size_t k = 0; k < width; k++) {
      size_t line = row * stride + k;
      bool inside = line >= sweep.pad && line - sweep.pad < input;
      x[k] = inside ? space->x + (line - sweep.pad) * input * self->columns : NULL;
    }
    space->kernels->depthwise_row(x, &sweep, space->weights, space->y + row * side * self->columns,
                                  self->columns, &space->epilogue);
  }
}

static void run_depthwise(const workspace *space, const bench_case *self) {
  run_rows(space, self, 1);
}

static void run_depthwise_2(const workspace *space, const bench_case *self) {
  run_rows(space, self, 2);
}

/* The same through gathered pixels, stride 1 and no padding. */
static void run_gathered(const workspace *space, const bench_case *self) {
  size_t side = square_root(self->rows);
  for (size_t r = 0; r < self->rows; r++) {
    for (size_t t = 0; t < 9; t++) {
      size_t pixel = (r / side + t / 3) * side + r % side + t % 3;
      space->pointers[r * 9 + t] = space->x + pixel % self->rows * self->columns;
    }
  }
  space->kernels->depthwise(space->pointers, 9, space->weights, space->y, self->columns, self->rows,
                            self->columns, &space->epilogue);
}

static void run_unary(const workspace *space, const bench_case *self) {
  space->kernels->unary((ms_unary)self->depth, space->y, space->x, self->columns, 0.0f, 6.0f);
}

static void run_add(const workspace *space, const bench_case *self) {
  space->kernels->binary(MS_BINARY_ADD, space->y, space->x, 1, space->weights, 1, self->columns);
}

static void run_softmax(const workspace *space, const bench_case *self) {
  for (size_t r = 0; r < self->rows; r++) {
    space->kernels->softmax(space->y + r * self->columns, space->x + r * self->columns,
                            self->columns);
  }
}

static void run_layer_norm(const workspace *space, const bench_case *self) {
  for (size_t r = 0; r < self->rows; r++) {
    space->kernels->layer_norm(space->y + r * self->columns, space->x + r * self->columns,
                               space->weights, space->weights, 1e-5f, self->columns);
  }
}

static void run_dot(const workspace *space, const bench_case *self) {
  space->y[0] += space->kernels->dot(space->x, space->weights, self->columns);
}

static void run_mean_rows(const workspace *space, const bench_case *self) {
  space->kernels->mean_rows(space->x, self->columns, self->rows, self->columns, space->y);
}

/* Rows of a picture become rows of columns pixels, each from depth pixels of it. */
static void run_resample(const workspace *space, const bench_case *self) {
  ms_span spans[MAX_PIXELS];
  for (size_t i = 0; i < self->columns; i++) {
    spans[i] = (ms_span){i, self->depth, space->weights};
  }
  for (size_t r = 0; r < self->rows; r++) {
    space->kernels->resample(space->x, spans, space->y, self->columns);
  }
}

/* Of pixels that hide what is behind them, as those of photographs do. */
static void run_compose(const workspace *space, const bench_case *self) {
  uint8_t pixels[MAX_PIXELS * 4];
  memset(pixels, 255, sizeof pixels);
  for (size_t r = 0; r < self->rows; r++) {
    space->kernels->compose(pixels, space->y, self->columns);
  }
}

/* Such pixels in squares of depth, at most FACTOR × FACTOR. */
static void run_reduce(const workspace *space, const bench_case *self) {
  uint8_t pixels[FACTOR * MAX_PIXELS * 4];
  memset(pixels, 255, sizeof pixels);
  size_t factor = square_root(self->depth);
  for (size_t r = 0; r < self->rows; r++) {
    space->kernels->reduce(pixels, MAX_PIXELS * 4, factor, (uint8_t *)space->y, self->columns);
  }
}

static const bench_case cases[] = {
    {"3x3 first layer", run_first_layer, 12544, 27, 32, 2},
    {"1x1", run_gemm, 12544, 32, 16, 2},
    {"1x1", run_gemm, 12544, 16, 96, 2},
    {"1x1", run_gemm, 3136, 96, 24, 2},
    {"1x1", run_gemm, 3136, 24, 144, 2},
    {"1x1", run_gemm, 784, 144, 32, 2},
    {"1x1", run_gemm, 784, 32, 192, 2},
    {"1x1", run_gemm, 196, 192, 64, 2},
    {"1x1", run_gemm, 196, 64, 384, 2},
    {"1x1", run_gemm, 196, 384, 96, 2},
    {"1x1", run_gemm, 196, 96, 576, 2},
    {"1x1", run_gemm, 49, 576, 160, 2},
    {"1x1", run_gemm, 49, 160, 960, 2},
    {"1x1", run_gemm, 49, 960, 160, 2},
    {"1x1", run_gemm, 49, 320, 1280, 2},
    {"1x1 s16", run_gemm_s16, 12544, 32, 16, 2},
    {"1x1 s16", run_gemm_s16, 12544, 16, 96, 2},
    {"1x1 s16", run_gemm_s16, 3136, 96, 24, 2},
    {"1x1 s16", run_gemm_s16, 3136, 24, 144, 2},
    {"1x1 s16", run_gemm_s16, 784, 144, 32, 2},
    {"1x1 s16", run_gemm_s16, 784, 32, 192, 2},
    {"1x1 s16", run_gemm_s16, 196, 192, 64, 2},
    {"1x1 s16", run_gemm_s16, 196, 64, 384, 2},
    {"1x1 s16", run_gemm_s16, 196, 384, 96, 2},
    {"1x1 s16", run_gemm_s16, 196, 96, 576, 2},
    {"1x1 s16", run_gemm_s16, 49, 576, 160, 2},
    {"1x1 s16", run_gemm_s16, 49, 160, 960, 2},
    {"1x1 s16", run_gemm_s16, 49, 960, 160, 2},
    {"1x1 s16", run_gemm_s16, 49, 320, 1280, 2},
    {"one row", run_gemm, 1, 1280, 1000, 2},
    {"attention", run_gemm, 197, 384, 1152, 2},
    {"gathered 3x3", run_gathered, 784, 9, 192, 2},
    {"3x3", run_depthwise, 12544, 9, 32, 2},
    {"3x3", run_depthwise, 12544, 9, 96, 2},
    {"3x3", run_depthwise, 3136, 9, 144, 2},
    {"3x3", run_depthwise, 784, 9, 192, 2},
    {"3x3", run_depthwise, 196, 9, 576, 2},
    {"3x3", run_depthwise, 49, 9, 960, 2},
    {"3x3 stride 2", run_depthwise_2, 3136, 9, 96, 2},
    {"3x3 stride 2", run_depthwise_2, 784, 9, 144, 2},
    {"3x3 stride 2", run_depthwise_2, 49, 9, 576, 2},
    {"5x5", run_depthwise, 784, 25, 120, 2},
    {"5x5", run_depthwise, 49, 25, 960, 2},
    {"5x5 stride 2", run_depthwise_2, 784, 25, 72, 2},
    {"clamp", run_unary, 1, MS_UNARY_CLAMP, 100352, 1},
    {"hard-swish", run_unary, 1, MS_UNARY_HARD_SWISH, 100352, 1},
    {"sigmoid", run_unary, 1, MS_UNARY_SIGMOID, 100352, 1},
    {"exp", run_unary, 1, MS_UNARY_EXP, 100352, 1},
    {"gelu", run_unary, 1, MS_UNARY_GELU, 100352, 1},
    {"add", run_add, 1, 1, 75264, 1},
    {"softmax", run_softmax, 197, 1, 197, 1},
    {"layer norm", run_layer_norm, 197, 1, 384, 1},
    {"dot", run_dot, 1, 1, 1280, 2},
    {"mean of rows", run_mean_rows, 49, 1, 1280, 1},
    {"compose", run_compose, 300, 1, MAX_PIXELS, 4},
    {"reduce", run_reduce, 300, 16, MAX_PIXELS / 4, 4},
    {"resample", run_resample, 300, 3, 224, 6},
};

/* Best seconds of one call. Short calls are timed in groups, as clocks in browsers are coarse. */
static double time_case(const workspace *space, const bench_case *self) {
  double best = 1e9;
  size_t group = 1;
  for (int round = 0; round < ROUNDS; round++) {
    double started = now();
    for (size_t i = 0; i < group; i++) {
      self->run(space, self);
    }
    double elapsed = now() - started;
    best = elapsed / (double)group < best ? elapsed / (double)group : best;
    group = elapsed < 2e-3 ? 2 * group : group;
  }
  return best;
}

static float *random_floats(size_t count) {
  float *x = malloc(count * sizeof *x);
  unsigned state = 1;
  for (size_t i = 0; x != NULL && i < count; i++) {
    state = state * 1664525u + 1013904223u;
    x[i] = (float)(state >> 8) * 0x1p-23f - 1.0f;
  }
  return x;
}

int main(void) {
  workspace space = {.kernels = ms_kernels_best(),
                     .x = random_floats(ROOM),
                     .y = random_floats(ROOM),
                     .weights = random_floats(ROOM),
                     .pointers = malloc(12544 * MAX_TAPS * sizeof(float *)),
                     .epilogue = {NULL, 0, 0.0f, 6.0f}};
  if (space.x == NULL || space.y == NULL || space.weights == NULL || space.pointers == NULL) {
    return 1;
  }
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const bench_case *self = &cases[i];
    double seconds = time_case(&space, self);
    double speed = self->flop * (double)self->rows * (double)self->columns / seconds / 1e9;
    speed *= self->run == run_unary ? 1 : (double)self->depth;
    printf("%-16s %5zu x %4zu -> %6zu %9.1f us %6.1f G/s\n", self->name, self->rows, self->depth,
           self->columns, seconds * 1e6, speed);
  }
  free(space.x);
  free(space.y);
  free(space.weights);
  free(space.pointers);
  return 0;
}
