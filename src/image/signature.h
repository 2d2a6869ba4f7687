/*
 * The signature of an image: what its pixels say without any network. Beside the encoder's features
 * it tells tasks that colour, layout or line directions solve from tasks that need more.
 */
#ifndef MS_IMAGE_SIGNATURE_H
#define MS_IMAGE_SIGNATURE_H

#include "core/context.h"

/* The signature's blocks, in this order; each is judged on its own (task/landmarks.h). */
enum {
  MS_SIGNATURE_THUMBNAIL = 192, /* [8][8][3], mean colours */
  MS_SIGNATURE_GREY = 256,      /* [16][16], mean luma */
  MS_SIGNATURE_COLOURS = 64,    /* [4][4][4], root of the share of pixels by red, green, blue */
  MS_SIGNATURE_EDGES = 128,     /* [4][4][8], root of the gradients by place and direction */
  MS_SIGNATURE_COUNT = 640
};

#endif
