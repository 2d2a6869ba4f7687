/*
 * modelspider: ranks pre-trained models (PTMs) for an image-classification task.
 *
 * The path of a ranking: an ms_network (the encoder) turns each sample image into features; an
 * ms_task collects them by class; an ms_scorer, loaded for an ms_zoo, gives every model of the zoo
 * a score for the task. The ms_metric_ functions judge one model from its features of the task,
 * the functions on rankings compare and join them, and an ms_trainer learns a scorer.
 *
 * Conventions. Every fallible function returns ms_status and describes a failure in
 * ms_context_message. Results go to caller buffers; on failure they are NULL or untouched. No
 * function keeps a pointer that it was given, except that objects keep their context: destroy them
 * before it. A context and what hangs off it belong to one thread at a time. Features are rows of
 * floats, [count][dimension], without gaps; labels are class indices, below class_count.
 */
#ifndef MODELSPIDER_H
#define MODELSPIDER_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define MS_CHECK_RESULT __attribute__((warn_unused_result))
#define MS_VISIBLE __attribute__((visibility("default")))
#else
#define MS_CHECK_RESULT
#define MS_VISIBLE
#endif
#define MS_API MS_VISIBLE

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status and context -------------------------------------------------------------------- */

typedef enum ms_status {
  MS_OK = 0,
  MS_ERR_ARGUMENT = 1,    /* the caller passed something impossible */
  MS_ERR_MEMORY = 2,      /* the allocator returned NULL */
  MS_ERR_FORMAT = 3,      /* bytes from outside are malformed */
  MS_ERR_UNSUPPORTED = 4, /* well-formed, but beyond what this version does */
  MS_ERR_LIMIT = 5,       /* well-formed, but larger than a stated limit */
  MS_ERR_DATA = 6,        /* the numbers allow no answer, as NaN features do */
  MS_ERR_INTERNAL = 7     /* our own mistake */
} ms_status;

typedef struct ms_context ms_context;
typedef struct ms_image_spec ms_image_spec;
typedef struct ms_network ms_network;
typedef struct ms_task ms_task;
typedef struct ms_zoo ms_zoo;
typedef struct ms_scorer ms_scorer;
typedef struct ms_trainer ms_trainer;

/* Where memory comes from. allocate returns NULL on failure; release accepts NULL. */
typedef struct ms_allocator {
  void *(*allocate)(void *user, size_t size);
  void (*release)(void *user, void *memory);
  void *user;
} ms_allocator;

/* The version, "major.minor.patch". */
MS_API const char *ms_version(void);

/*
 * Creates a context: allocator, scratch memory and the last error's text.
 *
 * allocator  copied; NULL means malloc and free
 *
 * Fails with MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_context_create(const ms_allocator *allocator,
                                                   ms_context **context);

/* Destroys a context, after everything that was made with it. Accepts NULL. */
MS_API void ms_context_destroy(ms_context *context);

/* One sentence about the last failure, "" if there was none. Valid until the next call. */
MS_API const char *ms_context_message(const ms_context *context);

/* ---- Images and networks ------------------------------------------------------------------- */

typedef enum ms_image_fit {
  MS_IMAGE_FIT_CROP = 0,  /* scale the shorter side, cut the centre */
  MS_IMAGE_FIT_SQUASH = 1 /* scale both sides, each by its own factor */
} ms_image_fit;

typedef enum ms_image_channels {
  MS_IMAGE_CHANNELS_RGB = 0,
  MS_IMAGE_CHANNELS_BGR = 1,
  MS_IMAGE_CHANNELS_GREY = 2 /* ITU-R BT.601 luma */
} ms_image_channels;

/*
 * Creates the recipe that turns RGBA8 pixels into a network's input.
 *
 * width, height  the input's size in pixels, 1 … 4096
 * mean, deviation  per channel of the output (3 values, or 1 for grey), in 0 … 255 units: a network
 *                reads (pixel - mean) / deviation
 *
 * Fails with MS_ERR_ARGUMENT on a size out of range, a mean that is not finite or a deviation that
 * is not a positive number; MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_image_spec_create(ms_context *context, size_t width,
                                                      size_t height, ms_image_fit fit,
                                                      ms_image_channels channels, const float *mean,
                                                      const float *deviation, ms_image_spec **spec);
MS_API void ms_image_spec_destroy(ms_image_spec *spec);

/* What the products of a network's convolutions are computed in. */
typedef enum ms_precision {
  MS_PRECISION_FLOAT32, /* the exact one */
  /*
   * Weights (once, per output channel) and activations (per output pixel) are rounded to integers
   * of up to 16 bits, as many as sums of 32 bits allow; faster, and half the memory for weights.
   * Depthwise convolutions, small ones and everything else stay in float32. Features of an image
   * depend on no other image, and are the same on every machine, as with float32.
   */
  MS_PRECISION_INT16
} ms_precision;

/*
 * Loads an ONNX file whose first input is an image batch ([N,C,H,W]) and whose first output is the
 * feature tensor: [N,D] as it is, [N,D,H,W] averaged over space, [N,T,D] averaged over T.
 *
 * spec   how images become its input; decides the size where the file leaves it open. Copied.
 *
 * Fails with MS_ERR_ARGUMENT on an unknown precision, MS_ERR_FORMAT, MS_ERR_UNSUPPORTED (naming
 * operator, opset and node), MS_ERR_LIMIT or MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_network_load(ms_context *context, const void *bytes,
                                                 size_t size, const ms_image_spec *spec,
                                                 ms_precision precision, ms_network **network);
MS_API void ms_network_destroy(ms_network *network);

/*
 * Says what a file needs, and all that it asks for and cannot have, without running it.
 *
 * open_side  stands for each size that the file leaves open, 1 … 4096; an open batch is 1, open
 *            channels of an image are 3; an input without a shape is taken for an image
 * text       receives lines, each a label and fields with tabs between them, terminated:
 *              missing  operator, opset, node, reason; fields are empty where none is at fault
 *              unchecked  how many nodes lie behind what is missing
 *            and where nothing is missing
 *              input, output  name, type, sizes with a blank after each
 *              features, nodes (of the file), steps (nodes that are left to run), parameters, macs,
 *              memory (bytes)  a number
 * room       in text, in bytes, at least 1; the text is cut to it
 * length     receives how long the whole text is, without its end
 *
 * Fails with MS_ERR_FORMAT, MS_ERR_LIMIT, MS_ERR_ARGUMENT or MS_ERR_MEMORY; that something is
 * unsupported is no failure here.
 */
MS_API MS_CHECK_RESULT ms_status ms_network_check(ms_context *context, const void *bytes,
                                                  size_t size, size_t open_side, char *text,
                                                  size_t room, size_t *length);

/* D, the length of the feature vector of one image. */
MS_API size_t ms_network_feature_count(const ms_network *network);
/* Multiply-accumulates for one image, and stored parameters. */
MS_API uint64_t ms_network_mac_count(const ms_network *network);
MS_API uint64_t ms_network_parameter_count(const ms_network *network);
/* Bytes that the network holds: packed weights and activations. */
MS_API size_t ms_network_memory_size(const ms_network *network);

/*
 * The layers of a network, for measuring where the time goes: how many there are, in running order;
 * the multiply-accumulates of one; what it is, as "Conv 1x24x56x56 -> 1x144x56x56", of which what
 * fits is in text, ended by a zero: the result is the size of all of it without the zero. Beyond
 * the last layer there are no multiply-accumulates and no text.
 */
MS_API size_t ms_network_layer_count(const ms_network *network);
MS_API uint64_t ms_network_layer_mac_count(const ms_network *network, size_t layer);
MS_API size_t ms_network_layer_text(const ms_network *network, size_t layer, char *text,
                                    size_t size);
/*
 * Runs one layer on what is in memory: the right numbers only if all layers before it ran in order
 * since the last image, and in any case no memory but the network's.
 *
 * Fails with MS_ERR_ARGUMENT beyond the last layer, or as ms_network_embed.
 */
MS_API MS_CHECK_RESULT ms_status ms_network_layer_run(ms_network *network, size_t layer);

/*
 * Computes the features of one image.
 *
 * rgba      height × width × 4 bytes, rows without gaps; alpha is composed over white
 * features  receives ms_network_feature_count(network) floats
 * count     room in features, in floats
 *
 * Fails with MS_ERR_ARGUMENT on an empty image or too little room, MS_ERR_LIMIT above 2^26 pixels
 * or 2^20 pixels a side.
 * Allocates nothing after the first call with images of the same size.
 */
MS_API MS_CHECK_RESULT ms_status ms_network_embed(ms_network *network, const uint8_t *rgba,
                                                  size_t width, size_t height, float *features,
                                                  size_t count);

/*
 * Reduces a large image by a whole factor: each pixel becomes the mean of a square, composed over
 * white and rounded. ms_network_embed and ms_image_signature do so first, where the factor is not
 * 1; an image that was reduced before, once for several networks, has the same features.
 *
 * rgba     as in ms_network_embed
 * reduced  receives (height / factor) × (width / factor) × 4 bytes
 * count    room in reduced, in bytes
 *
 * Fails as ms_network_embed does.
 */
MS_API MS_CHECK_RESULT ms_status ms_image_reduce(ms_context *context, const uint8_t *rgba,
                                                 size_t width, size_t height, uint8_t *reduced,
                                                 size_t count);
/*
 * The factor: the largest that leaves the shorter side 640 pixels or more, at most 16; 1 for an
 * image that is not large, whose shorter side has fewer than 1280.
 */
MS_API size_t ms_image_reduction(size_t width, size_t height);

/*
 * The signature of an image: what its pixels say without a network. Blocks of mean colours (8×8×3),
 * mean luma (16×16), roots of the colour histogram (4×4×4) and roots of the gradients by place and
 * direction (4×4×8), from a squashed copy of 64×64 pixels; all in 0 … 1 but the last.
 *
 * rgba       as in ms_network_embed
 * signature  receives ms_image_signature_count() floats
 * count      room in signature, in floats
 *
 * Fails as ms_network_embed does.
 */
MS_API MS_CHECK_RESULT ms_status ms_image_signature(ms_context *context, const uint8_t *rgba,
                                                    size_t width, size_t height, float *signature,
                                                    size_t count);
MS_API size_t ms_image_signature_count(void);

/* ---- Tasks --------------------------------------------------------------------------------- */

/*
 * Creates an empty task.
 *
 * class_count  1 … 4096, feature_count 1 … 65536 (the encoder's D)
 *
 * Fails with MS_ERR_ARGUMENT or MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_task_create(ms_context *context, size_t class_count,
                                                size_t feature_count, ms_task **task);
MS_API void ms_task_destroy(ms_task *task);

/*
 * Adds one image by its features (copied).
 *
 * Fails with MS_ERR_ARGUMENT on a class or count that does not fit, MS_ERR_DATA on a value that is
 * not finite, MS_ERR_LIMIT above 2^20 images, MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_task_add_image(ms_task *task, size_t class_index,
                                                   const float *features, size_t count);
MS_API size_t ms_task_class_count(const ms_task *task);
MS_API size_t ms_task_image_count(const ms_task *task);

/*
 * The class tokens' raw material: per class the prototype (mean feature vector) and the spread
 * within the class (root mean square distance from the prototype, per feature).
 *
 * prototypes, spreads  receive [classes with an image][feature_count] floats each, in class order
 * count                room in each, in floats
 * class_count          receives how many classes have an image
 *
 * Fails with MS_ERR_DATA if the task has no image, MS_ERR_ARGUMENT if count is too small.
 */
MS_API MS_CHECK_RESULT ms_status ms_task_prototypes(const ms_task *task, float *prototypes,
                                                    float *spreads, size_t count,
                                                    size_t *class_count);

/*
 * Landmarks of a task: how well ridge regression solves it on each block of features, as log odds
 * of its leave-one-out accuracy over the images (src/task/landmarks.h says what they are for).
 *
 * widths       [block_count] of consecutive features, their sum at most the task's features
 * joint_count  the first blocks that are judged together too, 0 for none
 * landmarks    receives a value per block, and one more if joint_count is not 0
 * count        room in landmarks, in values
 *
 * Costs N² D / 2 + N³ a block for the N images that are looked at, at most 512. Fails with
 * MS_ERR_ARGUMENT on blocks that do not fit, MS_ERR_DATA if fewer than two classes have an image,
 * MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_task_landmarks(const ms_task *task, const size_t *widths,
                                                   size_t block_count, size_t joint_count,
                                                   double *landmarks, size_t count);

/* ---- Zoo and scorer ------------------------------------------------------------------------ */

/*
 * Loads a zoo from its manifest: {"schema": 1, "zoo": id, "encoder": model, "models": [model, …]}.
 *
 * A model is an object with exactly these members; ids are kebab-case of at most 64 characters, and
 * no two models share one.
 *
 * id, name, trained_for, architecture, licence, origin, note (may be missing): texts
 *
 * source: {package, version, file, sha256, format, offset, size}, the published file; format is
 * tflite, tfjs-graph, tfjs-layers or onnx; offset and size may be missing
 *
 * entry: the tensor of that file that the image replaces (may be missing); taps: the tensors whose
 * means over space are the features; tap_features (may be missing): how many each of them gives
 *
 * input: {width, height, channels, fit, mean, std}, as in ms_image_spec_create; channels is rgb,
 * bgr or grey, fit is crop or squash; signature (may be missing) is true where ms_image_signature
 * follows the features, as it does for the encoder
 *
 * features, parameters, macs: counts; onnx: {sha256, bytes} of the converted file
 *
 * The encoder may have companions, 1 to 16 ids of models that are to run on every image as it does,
 * so that their accuracies are observed in every ranking.
 *
 * Fails with MS_ERR_FORMAT, naming model and member, MS_ERR_UNSUPPORTED on another schema,
 * MS_ERR_LIMIT above 2^20 values, or MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_zoo_load(ms_context *context, const void *bytes, size_t size,
                                             ms_zoo **zoo);
MS_API void ms_zoo_destroy(ms_zoo *zoo);

/* The number of models, at least 1. */
MS_API size_t ms_zoo_count(const ms_zoo *zoo);
/* The id of a model, NULL if index is not below ms_zoo_count. */
MS_API const char *ms_zoo_model_id(const ms_zoo *zoo, size_t index);
/* The index of the model with this id, ms_zoo_count(zoo) if there is none. */
MS_API size_t ms_zoo_find(const ms_zoo *zoo, const char *id);
/* The index of a model that runs with the encoder, ms_zoo_count(zoo) if there are not so many. */
MS_API size_t ms_zoo_companion(const ms_zoo *zoo, size_t number);
/* SHA-256 of the encoder's ONNX file, 64 lower-case hexadecimal digits. */
MS_API const char *ms_zoo_encoder_hash(const ms_zoo *zoo);

/*
 * Loads a scorer from the file that ms_trainer_save writes.
 *
 * Fails with MS_ERR_FORMAT on a file that is not such a one, or whose shapes do not agree, and on a
 * number that is not finite; MS_ERR_UNSUPPORTED on another format's name; MS_ERR_LIMIT above 65536
 * models, tokens of 1024 or 65536 features; MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_scorer_load(ms_context *context, const void *bytes, size_t size,
                                                ms_scorer **scorer);
MS_API void ms_scorer_destroy(ms_scorer *scorer);

/* M, the models that it knows, and D, the features of the encoder that it was made for. */
MS_API size_t ms_scorer_model_count(const ms_scorer *scorer);
MS_API size_t ms_scorer_feature_count(const ms_scorer *scorer);
/* The id of a model, NULL if index is not below ms_scorer_model_count. */
MS_API const char *ms_scorer_model_id(const ms_scorer *scorer, size_t index);
/* SHA-256 of the encoder's ONNX file, 64 lower-case hexadecimal digits. */
MS_API const char *ms_scorer_encoder_hash(const ms_scorer *scorer);

/*
 * Scores every model for a task, higher is better, as relative logit accuracy: a difference of two
 * scores is the expected difference of log(p / (1 - p)), p being the accuracies of a linear head.
 *
 * scores  receives M floats, in the scorer's order
 * count   room in scores, in floats
 *
 * The order of classes and of images changes a score by at most 1e-6 of its size, unless landmarks
 * look at some images only. Costs O(C D d) a task, what ms_task_landmarks does for a scorer that
 * reads them, and O(C d) a model, d being the length of its tokens. Fails with MS_ERR_ARGUMENT on
 * other features than the scorer's, a task of another context or too little room; MS_ERR_DATA on a
 * task without an image, or where a score is not finite; MS_ERR_MEMORY. Allocates nothing after the
 * first call with tasks of the same size.
 */
MS_API MS_CHECK_RESULT ms_status ms_scorer_score(ms_scorer *scorer, const ms_task *task,
                                                 float *scores, size_t count);
/* The scores that a task which changes nothing would get: the default order. */
MS_API MS_CHECK_RESULT ms_status ms_scorer_prior(const ms_scorer *scorer, float *scores,
                                                 size_t count);

/* What is known of one model on one task. Intervals hold the truth in 80 of 100 cases. */
typedef struct ms_assessment {
  float score;    /* as ms_scorer_score; moved by the models that were run */
  float rank_low; /* 0 is best */
  float rank_high;
  float accuracy_low; /* of a linear head on new images of the task, 0 … 1 */
  float accuracy_mid;
  float accuracy_high;
} ms_assessment;

/*
 * Judges every model for a task given the accuracies of models that were run on it: a model that
 * was run tells of itself, of models that tend to err alike, and of how hard the task is.
 *
 * observed        [observed_count] indices of models, each once; none leaves ms_scorer_score
 * accuracies      [observed_count] of them on the task's images, measured as they were for
 *                 ms_trainer_add_held_out
 * seed            of the draws
 * draw_count      16 … 4096
 * assessments     receives M, in the scorer's order; count is the room there
 * order_change    receives how far the order is from the default one: (1 - tau-b) / 2, 0 … 1
 *
 * The Gaussian model of scores and accuracies comes from the scorer's file, its uncertainty from
 * draws of it, and from resampling the task's images.
 *
 * Fails as ms_scorer_score, with MS_ERR_ARGUMENT on a model that is unknown or given twice,
 * MS_ERR_DATA on an accuracy that is not 0 … 1, MS_ERR_UNSUPPORTED where the file has no such
 * model.
 */
MS_API MS_CHECK_RESULT ms_status ms_scorer_assess(ms_scorer *scorer, const ms_task *task,
                                                  const uint32_t *observed, const float *accuracies,
                                                  size_t observed_count, uint32_t seed,
                                                  size_t draw_count, ms_assessment *assessments,
                                                  size_t count, float *order_change);
/*
 * The model that is worth running next: the one whose accuracy is expected to raise that of the
 * model then chosen the most.
 *
 * Arguments and failures are those of ms_scorer_assess; MS_ERR_ARGUMENT too if all were run.
 */
MS_API MS_CHECK_RESULT ms_status ms_scorer_suggest(ms_scorer *scorer, const ms_task *task,
                                                   const uint32_t *observed,
                                                   const float *accuracies, size_t observed_count,
                                                   size_t *model);

/* ---- Training ------------------------------------------------------------------------------ */

/*
 * A trainer learns a scorer from tasks whose targets are known: first in closed form (the scale of
 * the tokens, a prior for each model, and a ridge regression of what the prior leaves, linear and,
 * with MS_TRAINER_RECALL, with a Gaussian kernel on landmarks), then by steps of gradient descent
 * from there. Everything follows from the tasks, in their order, the
 * options and the seed: the same bits on every machine.
 */
typedef enum ms_trainer_option {
  MS_TRAINER_PRIOR_SHRINK = 0,    /* prior: tasks of target 0 added to each model, at least 0 */
  MS_TRAINER_RIDGE = 1,           /* λ of the start, above 0; larger leans on the prior more */
  MS_TRAINER_LEARNING_RATE = 2,   /* at least 0 */
  MS_TRAINER_PRIOR_RATE = 3,      /* factor of the learning rate for the priors; 0 keeps them */
  MS_TRAINER_PROJECTION_RATE = 4, /* factor for the projections of task tokens; 0 keeps them */
  MS_TRAINER_WEIGHT_DECAY = 5,    /* decoupled, of everything but the priors; at least 0 */
  MS_TRAINER_DROPOUT = 6,         /* share of the projected tokens' numbers, 0 … 0.9 */
  MS_TRAINER_LISTWISE = 7,        /* weight of the Plackett-Luce loss, at least 0 */
  MS_TRAINER_TEMPERATURE = 8,     /* the unit of scores in it, above 0 */
  MS_TRAINER_SQUARED = 9,         /* weight of the squared error of centred scores, at least 0 */
  MS_TRAINER_BATCH = 10,          /* tasks in a step, at least 1 */
  MS_TRAINER_IMAGE_SHARE = 11,    /* weight of what images show against landmarks, 0 … 1 */
  MS_TRAINER_RECALL = 12,         /* weight of likeness to single tasks, at least 0; 0 for none */
  MS_TRAINER_REACH = 13,          /* how fast likeness falls with distance, above 0 */
  MS_TRAINER_OPTION_COUNT = 14
} ms_trainer_option;

/*
 * Creates a trainer with default options and no task.
 *
 * model_count    M, 2 … 4096
 * feature_count  D, the encoder's features, 1 … 65536
 * width          d, the length of tokens and model tokens, 1 … 1024
 *
 * Fails with MS_ERR_ARGUMENT or MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_trainer_create(ms_context *context, size_t model_count,
                                                   size_t feature_count, size_t width,
                                                   uint32_t seed, ms_trainer **trainer);
MS_API void ms_trainer_destroy(ms_trainer *trainer);

/* Sets one option. Fails with MS_ERR_ARGUMENT on an unknown one or a value out of its range. */
MS_API MS_CHECK_RESULT ms_status ms_trainer_set(ms_trainer *trainer, ms_trainer_option option,
                                                double value);

/*
 * Makes the scorer read landmarks: says which blocks of features ms_task_landmarks judges. Once,
 * before the first task. Fails with MS_ERR_ARGUMENT, MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_trainer_set_blocks(ms_trainer *trainer, const size_t *widths,
                                                       size_t block_count, size_t joint_count);

/*
 * Gives the landmarks of the task that was added last; a task without them has unknown ones.
 *
 * landmarks  [count], as ms_task_landmarks with the same blocks
 *
 * Fails with MS_ERR_ARGUMENT on another count or without a task, MS_ERR_DATA on a value that is not
 * finite.
 */
MS_API MS_CHECK_RESULT ms_status ms_trainer_set_landmarks(ms_trainer *trainer,
                                                          const double *landmarks, size_t count);

/*
 * Adds a task (copied).
 *
 * prototypes, spreads  [class_count][D], as ms_task_prototypes gives them; class_count 1 … 4096
 * targets              [M], higher is better, in the unit that scores shall have (logit accuracy);
 *                      only differences within the task count; NaN where missing
 * weight               how much the task counts, at least 0
 *
 * Fails with MS_ERR_ARGUMENT, MS_ERR_DATA on a value that is not finite or fewer than 2 targets,
 * MS_ERR_LIMIT above 2^20 tasks, MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_trainer_add_task(ms_trainer *trainer, const float *prototypes,
                                                     const float *spreads, size_t class_count,
                                                     const float *targets, double weight);

/*
 * Fits scale, priors and the ridge's start to the tasks so far; a second call starts again.
 *
 * Costs T² (3 D + 1) / 2 + T³ / 6 for T tasks. Fails with MS_ERR_DATA without a task that counts,
 * or on numbers too large to multiply; MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_trainer_fit(ms_trainer *trainer);

/*
 * One step of AdamW on the next tasks of a shuffled round.
 *
 * loss  receives the tasks' mean loss before the step, by weight
 *
 * Fails with MS_ERR_ARGUMENT before ms_trainer_fit, MS_ERR_DATA where the loss is not finite (the
 * learning rate is too large), MS_ERR_MEMORY. Allocates nothing after the first rounds.
 */
MS_API MS_CHECK_RESULT ms_status ms_trainer_step(ms_trainer *trainer, double *loss);

/*
 * The scores that the scorer of this moment gives to one of its tasks.
 *
 * scores  receives M floats; count is the room there
 *
 * Fails with MS_ERR_ARGUMENT before ms_trainer_fit or on an unknown task, MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_trainer_score(ms_trainer *trainer, size_t task, float *scores,
                                                  size_t count);

/*
 * Adds one task that the predictions were made without, to learn the scorer's certainty from.
 *
 * truths            [M], logit accuracies, as the targets of ms_trainer_add_task, and their level
 * predicted         [M], scores by a scorer that was trained without the task
 * observed          [M], what running each model on the task's images shows of its accuracy, 0 … 1,
 *                   as ms_metric_ridge; NaN where it was not measured
 * landmark          the last of ms_task_landmarks on the task's images; NaN where unknown
 * image_count       the images that the accuracies were measured on
 * weight            how much the task counts, at least 0
 *
 * Fails with MS_ERR_DATA on a truth, prediction or landmark that is not finite or an accuracy that
 * is not 0 … 1, MS_ERR_ARGUMENT, MS_ERR_LIMIT above 2^20 tasks, MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_trainer_add_held_out(ms_trainer *trainer, const float *truths,
                                                         const float *predicted,
                                                         const float *observed, double landmark,
                                                         size_t image_count, double weight);
/*
 * Fits the certainty to the held-out tasks so far; ms_trainer_save then stores it.
 *
 * Costs T M³ for T tasks. Fails with MS_ERR_DATA on fewer than 3 tasks of a weight above 0 or with
 * observed models, MS_ERR_LIMIT above 512 models, MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_trainer_fit_certainty(ms_trainer *trainer);

/*
 * As ms_scorer_assess, by the certainty fitted last, for a task of which only its scores are kept:
 * what held-out predictions promise can so be compared with what came true. Nothing is resampled.
 *
 * predicted    [M], scores of the task
 * landmark     the last of ms_task_landmarks on its images; NaN where unknown
 * image_count  its images
 *
 * Fails with MS_ERR_ARGUMENT before ms_trainer_fit_certainty, MS_ERR_DATA on a score that is not
 * finite, and as ms_scorer_assess.
 */
MS_API MS_CHECK_RESULT ms_status ms_trainer_assess(ms_trainer *trainer, const float *predicted,
                                                   double landmark, size_t image_count,
                                                   const uint32_t *observed,
                                                   const float *accuracies, size_t observed_count,
                                                   uint32_t seed, size_t draw_count,
                                                   ms_assessment *assessments, size_t count);
/* As ms_scorer_suggest, with ms_trainer_assess's arguments and failures. */
MS_API MS_CHECK_RESULT ms_status ms_trainer_suggest(ms_trainer *trainer, const float *predicted,
                                                    double landmark, size_t image_count,
                                                    const uint32_t *observed,
                                                    const float *accuracies, size_t observed_count,
                                                    size_t *model);

/*
 * Writes the scorer of this moment as a safetensors file.
 *
 * model_ids     [M], each of 1 to 128 bytes of plain UTF-8, no two the same
 * encoder_hash  SHA-256 of the encoder's ONNX file, 64 lower-case hexadecimal digits
 * bytes         receives the file; NULL asks for its size only
 * room          bytes there
 * size          receives the file's size
 *
 * Fails with MS_ERR_ARGUMENT before ms_trainer_fit, on an id or a hash that does not fit and on too
 * little room; MS_ERR_DATA on a number beyond floats; MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_trainer_save(ms_trainer *trainer, const char *const *model_ids,
                                                 const char *encoder_hash, void *bytes, size_t room,
                                                 size_t *size);

/* ---- Rankings ------------------------------------------------------------------------------ */

/*
 * How well scores order count models whose true value is known; higher is better in both lists.
 * Nothing depends on the order in which the models are listed.
 *
 * ms_weighted_tau   Kendall's tau over pairs weighted by 1/r + 1/s, r and s the two models' ranks
 *                   (from 1) by true value, equal true values ranked by score; in -1 … 1. This is
 *                   scipy.stats.weightedtau(truth, score, rank=None) (Vigna 2015), not scipy's
 *                   default, which averages over both directions.
 * ms_kendall_tau_b  Kendall's tau-b, all pairs alike; in -1 … 1
 * ms_regret_at_1    the best true value less that of the model with the best score, in the unit of
 *                   truth, at least 0; the mean over models that share the best score
 * ms_top_recall     the share of the k truly best models among the k best by score, in 0 … 1; the
 *                   expected share where equal values are drawn by lot
 *
 * The taus take time in count^2. They fail with MS_ERR_DATA where a value is not finite, or, for
 * the taus, where all values of one list are equal; with MS_ERR_ARGUMENT on no model or a k that
 * is not 1 … count.
 */
MS_API MS_CHECK_RESULT ms_status ms_weighted_tau(ms_context *context, const float *truth,
                                                 const float *score, size_t count, double *value);
MS_API MS_CHECK_RESULT ms_status ms_kendall_tau_b(ms_context *context, const float *truth,
                                                  const float *score, size_t count, double *value);
MS_API MS_CHECK_RESULT ms_status ms_regret_at_1(ms_context *context, const float *truth,
                                                const float *score, size_t count, double *value);
MS_API MS_CHECK_RESULT ms_status ms_top_recall(ms_context *context, const float *truth,
                                               const float *score, size_t count, size_t k,
                                               double *value);

/*
 * Joins several rankings of the same models into one score per model, higher is better in each
 * list and in the result. Equal values stay equal.
 *
 * ms_rank_copeland    models that this one beats in more lists than not, less those that beat it
 * ms_rank_reciprocal  mean over lists of 1 / (60 + rank), ranks from 1, equal values sharing their
 *                     mean rank (Cormack, Clarke and Buettcher 2009)
 * ms_rank_mean_z      mean over lists of (score - mean) / standard deviation; a list of equal
 *                     scores adds nothing
 *
 * scores  [list_count][count]
 * joined  receives count floats; must not overlap scores
 *
 * Each fails with MS_ERR_ARGUMENT on no list or no model, MS_ERR_DATA on a score that is not
 * finite, MS_ERR_MEMORY.
 */
MS_API MS_CHECK_RESULT ms_status ms_rank_copeland(ms_context *context, const float *scores,
                                                  size_t list_count, size_t count, float *joined);
MS_API MS_CHECK_RESULT ms_status ms_rank_reciprocal(ms_context *context, const float *scores,
                                                    size_t list_count, size_t count, float *joined);
MS_API MS_CHECK_RESULT ms_status ms_rank_mean_z(ms_context *context, const float *scores,
                                                size_t list_count, size_t count, float *joined);

/* ---- Transferability metrics --------------------------------------------------------------- */

/*
 * How well a pre-trained model would do on a labelled task, judged from its features alone: higher
 * is better for all of them. Only the order of models on one task has meaning, not the values.
 *
 * features  [count][dimension] rows of one model
 * labels    [count], each below class_count; classes without a row are left out, so that the names
 *           and number of the classes never matter, only which rows share one
 * value     receives the metric, untouched on failure
 *
 * Every one fails with MS_ERR_ARGUMENT on NULL, on an empty shape, above 2^20 rows or 65536
 * features or classes, or on a label out of range; with MS_ERR_DATA on a feature that is not
 * finite, where all rows share one class (so also on a single row), and where features near the
 * largest float leave no finite result; with MS_ERR_MEMORY. Each call is a pure function of its
 * arguments.
 *
 * N, D and C stand for count, dimension and class_count, n for min(N, D). Costs are multiply-adds
 * in double precision, scratch memory is in doubles beyond N D for a copy of the features.
 */

/* The metrics that need nothing but features and labels, with their defaults, in a fixed order. */
MS_API size_t ms_metric_count(void);
/* Such as "logme"; NULL for an index that is not below ms_metric_count. */
MS_API const char *ms_metric_name(size_t index);
MS_API MS_CHECK_RESULT ms_status ms_metric_compute(ms_context *context, size_t index,
                                                   const float *features, size_t count,
                                                   size_t dimension, const uint32_t *labels,
                                                   size_t class_count, double *value);

/*
 * Several of those at once, in little more than half the time: they share centred features, their
 * products and their principal coordinates, which is why a value may differ in its last digits.
 *
 * indices  [metric_count], each below ms_metric_count
 * values   [metric_count], NaN for a metric that has none for these features
 *
 * Costs N D n / 2 + 5/2 n³ once, and what the metrics need besides. Memory 2 n² + N (D + n) beyond
 * that of the largest. Fails as the metrics do where the arguments are to blame.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_compute_several(
    ms_context *context, const size_t *indices, size_t metric_count, const float *features,
    size_t count, size_t dimension, const uint32_t *labels, size_t class_count, double *values);

/*
 * LogME: the evidence of Bayesian linear regression onto each class as a 0/1 target, mean over the
 * classes, in nats a row (You, Liu, Wang and Long, ICML 2021).
 *
 *   max over alpha, beta of (1/N) log p(y | F, alpha, beta),
 *   y ~ Normal(F w, I / beta), w ~ Normal(0, I / alpha)
 *
 * Features are not centred. The ratio alpha / beta is searched globally between 1e-12 and 1e8 of
 * the largest eigenvalue of F Fᵀ, where the published fixed point starts at 1 and stops after 11
 * steps. Any real number. Unchanged by rotating or scaling F. Cost N D n / 2 + 2 n³ / 3 + O(n² C),
 * memory n² + 2 n C. All features 0 give the evidence of pure noise.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_logme(ms_context *context, const float *features,
                                                 size_t count, size_t dimension,
                                                 const uint32_t *labels, size_t class_count,
                                                 double *value);

/*
 * LogME for several labels a row, or for regression: mean evidence of the columns of targets.
 *
 * targets  [count][target_count]: 0 and 1 for labels, any finite numbers for regression
 *
 * Fails as the others do, and with MS_ERR_DATA on a target that is not finite or 0 in every row.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_logme_targets(ms_context *context, const float *features,
                                                         size_t count, size_t dimension,
                                                         const float *targets, size_t target_count,
                                                         double *value);

/*
 * H-Score: tr(cov(F)⁺ cov(E[F|y])), how many directions' worth of variance lies between the classes
 * (Bao et al., ICIP 2019). 0 … C - 1, and C - 1 whenever N <= D and no row depends on others, where
 * it says nothing. Eigenvalues of cov(F) at most 1e-12 of the largest count as 0. Unchanged by
 * shifting F and by any invertible linear map. Cost N D n / 2 + 5/2 n³, memory 4 n² + N n. Constant
 * features give 0.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_h_score(ms_context *context, const float *features,
                                                   size_t count, size_t dimension,
                                                   const uint32_t *labels, size_t class_count,
                                                   double *value);

/*
 * Regularised H-Score (Ibrahim, Ponomareva and Mazumder 2021): with the covariance S, its mean
 * eigenvalue m, and the shrinkage a of Ledoit and Wolf (2004), at least 1e-8,
 *
 *   tr(((1 - a) S + a m I)⁻¹ (1 - a) cov(E[F|y]))
 *
 * where both covariances divide by N. 0 … C - 1. Unchanged by shifting, rotating or scaling F. Cost
 * and memory as for the H-Score. Constant features give 0.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_regularised_h_score(ms_context *context,
                                                               const float *features, size_t count,
                                                               size_t dimension,
                                                               const uint32_t *labels,
                                                               size_t class_count, double *value);

/*
 * NCE: minus the entropy of the label given the likeliest source class, in nats (Tran, Nguyen and
 * Hassner, ICCV 2019). At most 0.
 *
 * probabilities  [count][source_count], what the model's own classifier says of each row: not
 *                negative, every row sums to 1 within 1e-3; in the place of features
 *
 * Of equally likely source classes the first one counts. Cost N (source_count + C). Fails with
 * MS_ERR_DATA on other probabilities too.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_nce(ms_context *context, const float *probabilities,
                                               size_t count, size_t source_count,
                                               const uint32_t *labels, size_t class_count,
                                               double *value);

/*
 * LEEP: mean over rows of log Σ_z P(label|z) p(z), with P from the sums of the probabilities p over
 * each class (Nguyen et al., ICML 2020). At most 0, and at least NCE plus the mean log of the
 * largest probabilities. Arguments, cost and failures as for NCE.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_leep(ms_context *context, const float *probabilities,
                                                size_t count, size_t source_count,
                                                const uint32_t *labels, size_t class_count,
                                                double *value);

/*
 * N-LEEP: LEEP with clusters of the features for source classes: the posteriors of a Gaussian
 * mixture with diagonal covariances, on the principal coordinates that hold 80 % of the variance
 * (Li et al., CVPR 2021). At most 0.
 *
 * component_count  of the mixture, at most N are used; 0, as in the table, for 5 C or N / 4,
 *                  whichever is less, and at least 2. The more, the closer to 0
 *
 * The mixture starts from clusters split at their means, without chance, and variances are at least
 * 1e-3 of their mean. Unchanged by the order of rows, by shifting, rotating or scaling. Cost
 * N D n / 2 + n³ and 10 N d component_count a step of the fit for d coordinates, at most 120 steps,
 * memory 4 n² + N (d + component_count). Constant features give minus the entropy of the labels.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_n_leep(ms_context *context, const float *features,
                                                  size_t count, size_t dimension,
                                                  const uint32_t *labels, size_t class_count,
                                                  size_t component_count, double *value);

/*
 * GBC: minus the sum over ordered pairs of classes of exp(-Bhattacharyya distance), for Gaussians
 * with diagonal covariance on principal coordinates (Pándy et al., CVPR 2022). -C (C - 1) … 0.
 *
 * coordinate_limit  how many coordinates at most, at least 1 (64 in the table)
 *
 * Variances divide by the class's rows, and are at least 1e-6 of the coordinate's variance.
 * Unchanged by shifting, rotating or scaling. Cost N D n / 2 + n³ + C² coordinate_limit, memory
 * 4 n². Constant features give -C (C - 1). Fails with MS_ERR_ARGUMENT on 0 coordinates too.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_gbc(ms_context *context, const float *features,
                                               size_t count, size_t dimension,
                                               const uint32_t *labels, size_t class_count,
                                               size_t coordinate_limit, double *value);

/*
 * LFC, label-feature correlation: Pearson's correlation over all N² pairs of rows between the
 * product of their centred features and whether they share a class (Deshpande et al. 2021). 0 … 1.
 * Unchanged by shifting, rotating or scaling. Cost N D n / 2, memory n² + C D. Constant features
 * give 0.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_lfc(ms_context *context, const float *features,
                                               size_t count, size_t dimension,
                                               const uint32_t *labels, size_t class_count,
                                               double *value);

/*
 * PACTran with Gaussian weights: minus a PAC-Bayesian bound on the log loss of a linear head, in
 * nats a row (Ding et al., ECCV 2022). With L the mean log loss of weights W and a free intercept
 * on centred features, and H its Hessian by the weights,
 *
 *   -(L + ‖W‖² / (2 t) + C variance / (2 t) log(1 + t tr H / (C D))),  t = prior N,
 *
 * where W minimises the first two terms.
 *
 * prior, variance  positive (1 and 10 in the table): t over N, and D times the prior's variance
 *
 * At most 0. Unchanged by shifting and rotating, not by scaling. Cost N D n / 2 + 5/2 n³ and 2 N n
 * C in float a step of the fit, 10 to 500 steps, memory 4 n² + 2 N n. Constant features give minus
 * the entropy of the labels. Fails with MS_ERR_ARGUMENT on other priors and variances too.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_pactran_gaussian(
    ms_context *context, const float *features, size_t count, size_t dimension,
    const uint32_t *labels, size_t class_count, double prior, double variance, double *value);

/*
 * PACTran with Dirichlet weights: a variational bound on the log evidence of the labels, in nats a
 * row, where each has a source class z drawn from the probabilities, and P(y|z) is Dirichlet
 * distributed with concentration times the frequencies of the labels (Ding et al., ECCV 2022). At
 * most 0.
 *
 * concentration  positive; 1 as published
 *
 * The bound climbs from the probabilities themselves until a step gains less than 1e-7, at most 200
 * steps of 2 N source_count. The other arguments and failures are NCE's, and MS_ERR_ARGUMENT on a
 * concentration that is not positive and finite.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_pactran_dirichlet(
    ms_context *context, const float *probabilities, size_t count, size_t source_count,
    const uint32_t *labels, size_t class_count, double concentration, double *value);

/*
 * The same with Gamma weights: P(y|x) is proportional to Σ_z w_yz p(z), with w_yz Gamma distributed
 * with concentration times the frequency of y for shape, and rate 1. Steps of 4 N source_count.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_pactran_gamma(ms_context *context,
                                                         const float *probabilities, size_t count,
                                                         size_t source_count,
                                                         const uint32_t *labels, size_t class_count,
                                                         double concentration, double *value);

/*
 * TransRate: R(F) - Σ_c n_c / N R(F_c), the coding rate of the features less that within the
 * classes, R(X) = ½ log det(I + X Xᵀ / (rows of X · distortion)) on centred features (Huang et al.,
 * ICML 2022; weighted by the classes' sizes as the theory has it). At least 0.
 *
 * distortion  positive (1e-4 in the table)
 *
 * Unchanged by shifting and rotating, not by scaling. Cost N D n / 2 + n³ / 6, and as much again
 * for the classes together at most; memory n² + N D. Constant features give 0. Fails with
 * MS_ERR_ARGUMENT on another distortion, MS_ERR_DATA on one too small for the features.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_transrate(ms_context *context, const float *features,
                                                     size_t count, size_t dimension,
                                                     const uint32_t *labels, size_t class_count,
                                                     double distortion, double *value);

/*
 * SFDA: mean probability of the right class by regularised Fisher discriminants, after every row
 * has been drawn towards the other classes (Shao et al., ECCV 2022). 0 … 1.
 *
 * With the scatter within classes S, divided by N, and its largest eigenvalue s, the covariance is
 * (1 - a) S + a tr(S) / D I, a = max(exp(-5 s), 1e-10), and probabilities are those of Gaussians
 * that share it. Then, with p the softmax of a row's probabilities at its own class, the row
 * becomes p x + (1 - p) times the mean of the other classes' means, and the same a serves once
 * more. The mean of probabilities is the published code's; the paper writes the mean of their
 * logarithms.
 *
 * Unchanged by shifting and rotating, not by scaling. Cost N D n + n³ / 3, memory 2 n² + N D. Fails
 * with MS_ERR_DATA too where no feature varies within a class, as with one row a class.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_sfda(ms_context *context, const float *features,
                                                size_t count, size_t dimension,
                                                const uint32_t *labels, size_t class_count,
                                                double *value);

/*
 * PARC: Spearman's rank correlation, over all pairs of rows, between 1 - Pearson's correlation of
 * their features and the same of their one-hot labels (Bolya, Mittapalli and Hoffman, NeurIPS 2021,
 * without the factor 100). -1 … 1. Features are standardised first, as in the published code,
 * constant ones dropped; a row whose features are then all equal correlates with none. Unchanged by
 * shifting or scaling a column. Cost N² (D / 2 + 10), memory 2 N². 0 where either side has no
 * order: constant features, one row a class.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_parc(ms_context *context, const float *features,
                                                size_t count, size_t dimension,
                                                const uint32_t *labels, size_t class_count,
                                                double *value);

/*
 * OTCE's conditional entropy: minus the entropy of a target row's label given the label of the
 * source row it is coupled with by optimal transport between the features of both, in nats (Tan, Li
 * and Huang, CVPR 2021; without the domain's distance, whose weight is learned there). At most 0.
 *
 * features, labels   the task's, as everywhere
 * source_features    [source_count][dimension], a sample of what the model was trained on
 * source_labels      [source_count], below source_class_count
 * penalty            of the coupling's entropy, in units of the mean cost; positive (0.1 is usual).
 *                    Costs are squared Euclidean distances
 *
 * Unchanged by shifting, rotating or scaling both together. Cost N source_count (D + 2 rounds), up
 * to 10,000 rounds, memory 2 N source_count + source_count D. Fails as the others do, for the
 * source too, and with MS_ERR_DATA where the transport does not settle because the penalty is too
 * small.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_otce(
    ms_context *context, const float *features, size_t count, size_t dimension,
    const uint32_t *labels, size_t class_count, const float *source_features, size_t source_count,
    const uint32_t *source_labels, size_t source_class_count, double penalty, double *value);

/*
 * Leave-one-out accuracy of the nearest neighbours by Euclidean distance, 0 … 1.
 *
 * neighbour_count  at least 1 (5 in the table), at most N - 1 are used
 *
 * The most frequent class among them wins; of equally frequent ones the one with the nearest
 * neighbour, of equally near rows the first ones count. Unchanged by rotating, shifting or scaling.
 * Cost N² D / 2, memory 2 N (neighbour_count + 33). Fails with MS_ERR_ARGUMENT on 0 neighbours too.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_knn(ms_context *context, const float *features,
                                               size_t count, size_t dimension,
                                               const uint32_t *labels, size_t class_count,
                                               size_t neighbour_count, double *value);

/*
 * Leave-one-out accuracy of ridge regression onto the classes, 0 … 1; exact, in closed form.
 *
 * strength  of the penalty on the weights, positive (1 in the table)
 *
 * Features are standardised, constant ones dropped, and divided by the root of their number; the
 * intercept is free. A row counts as right where its own class has the largest prediction, as 1/k
 * where k classes share it. Unchanged by shifting or scaling a column. Cost N D n / 2 + n³ / 6 +
 * N n² / 2, memory 2 n² + N n. Constant features leave each row the other rows' majority class.
 * Fails with MS_ERR_ARGUMENT on a strength that is not positive and finite too.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_ridge(ms_context *context, const float *features,
                                                 size_t count, size_t dimension,
                                                 const uint32_t *labels, size_t class_count,
                                                 double strength, double *value);

/*
 * Five-fold cross-validated accuracy of a linear probe, 0 … 1: multinomial logistic regression on
 * features standardised and scaled as for the ridge, with a free intercept.
 *
 * strength  the objective is the sum of log losses + strength / 2 ‖W‖²; positive (0.1 in the table)
 *
 * The folds are stratified and dealt in the order of the rows, so that another order gives other
 * folds. A class's only row counts as wrong. Unchanged by shifting or scaling a column. Cost
 * N D n / 2 + 5 (n³ / 2 + 20 N n C) or so for N <= D, N D² / 2 + 4 D³ + 5 · 40 N D C for N > D,
 * memory 4 n². Fails with MS_ERR_ARGUMENT on a strength that is not positive and finite too.
 */
MS_API MS_CHECK_RESULT ms_status ms_metric_probe(ms_context *context, const float *features,
                                                 size_t count, size_t dimension,
                                                 const uint32_t *labels, size_t class_count,
                                                 double strength, double *value);

/*
 * Test accuracy of the linear probe, for ground truth: mean over random stratified splits. On every
 * split the strength is chosen of 0.001, 0.01, 0.1, 1 and 10 by three-fold cross-validation on the
 * training rows alone.
 *
 * train_fraction  of every class's rows, between 0 and 1; at least one, and not all if it has two
 * split_count     at least 1
 * standard_error  deviation of the splits' accuracies / √split_count; 0 for one split. Splits share
 *                 rows: it says how much other splits of these rows would move the mean
 *
 * Fails as the metrics do, with MS_ERR_ARGUMENT on a fraction or count out of range, and with
 * MS_ERR_DATA where every class has one row.
 */
MS_API MS_CHECK_RESULT ms_status ms_probe_accuracy(ms_context *context, const float *features,
                                                   size_t count, size_t dimension,
                                                   const uint32_t *labels, size_t class_count,
                                                   double train_fraction, size_t split_count,
                                                   uint64_t seed, double *mean,
                                                   double *standard_error);

/*
 * The linear probe itself, to classify further images: trained on all rows, with the strength that
 * ms_probe_accuracy would choose for them. A row belongs to the class with the largest of
 *
 *   logits = weights features + intercepts
 *
 * and softmax(logits) are the probabilities. Features are taken as they are: standardising them is
 * part of the weights.
 *
 * weights     receives [class_count][dimension] floats
 * intercepts  receives [class_count] floats
 *
 * Fails as the metrics do, and with MS_ERR_DATA where a class has no row. Costs a split of
 * ms_probe_accuracy.
 */
MS_API MS_CHECK_RESULT ms_status ms_probe_fit(ms_context *context, const float *features,
                                              size_t count, size_t dimension,
                                              const uint32_t *labels, size_t class_count,
                                              float *weights, float *intercepts);

#ifdef __cplusplus
}
#endif
#endif
