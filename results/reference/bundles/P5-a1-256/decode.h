/* From the kmodel's output to boxes: plain C99, no memory allocated, nothing kept between calls. */
#ifndef DECODE_H
#define DECODE_H

#include "detector.h"

/* Corners in pixels, score in 0..1. */
typedef struct {
    float x0, y0, x1, y1, score;
} face_t;

/* The faces that the output shows, best first, in pixels of the canvas.
 *
 * planes: 5 * BOXES_PER_CELL planes of MAP_HEIGHT x MAP_WIDTH numbers; plane 5 * b + k holds
 *     number k (score, tx, ty, tw, th) of canonical box b. Any numbers do, NaN and infinities too.
 * faces: room for MAX_FACES. Returns how many there are. Needs 4 kB of stack. */
int decode(const float *planes, face_t *faces);

/* Turns faces of the canvas, in place, into faces of the picture (width x height) that was put
 * at its top left, `scale` canvas pixels to a pixel. Clips them; those of the canvas's empty part
 * are dropped. Returns how many are left. */
int on_picture(face_t *faces, int count, float scale, int width, int height);

#endif
