/* P5-a1-256-kpu8, as dse exported it: all that decode.c and main.c know of this detector. */
#ifndef DETECTOR_H
#define DETECTOR_H

#define INPUT_SIZE 256 /* side of the canvas, pixels */
#define MAP_HEIGHT 16
#define MAP_WIDTH 16
#define BOXES_PER_CELL 25

#define SCORE_LOGIT 0.0f /* log(t / (1 - t)) of the score threshold t = 0.5 */
#define IOU_THRESHOLD 0.4f
#define BOX_SCALE 4.0f /* the kmodel writes box offsets this many times too large */
#define LARGEST_LOG_RATIO 8.0f /* of a box to its canonical box: where exp is clipped */
#define MAX_CANDIDATES 400 /* boxes that enter suppression, best first */
#define MAX_FACES 200

#define KMODEL_BYTES 901344
#define KMODEL_FLASH_ADDRESS 0x300000

/* width and height in pixels of the canvas */
static const float CANONICAL_BOXES[BOXES_PER_CELL][2] = {
    {176.82071f, 232.33356f},
    {99.84f, 133.632f},
    {68.096f, 89.6f},
    {52.736f, 69.12f},
    {41.472f, 55.808f},
    {35.328f, 44.544f},
    {29.184f, 38.912f},
    {26.27472f, 32.073883f},
    {22.13243f, 28.260014f},
    {20.48f, 23.04f},
    {17.92f, 26.112f},
    {16.719856f, 21.386803f},
    {15.091456f, 17.653913f},
    {13.015142f, 18.998318f},
    {12.396441f, 15.469854f},
    {11.270605f, 12.649421f},
    {9.88887f, 14.346342f},
    {9.199462f, 11.665869f},
    {7.9934974f, 10.030438f},
    {6.7503104f, 9.391155f},
    {6.9134183f, 7.7205505f},
    {5.687859f, 8.443341f},
    {5.6201525f, 7.1924734f},
    {5.1057663f, 6.354176f},
    {4.9465857f, 5.4354434f},
};

#endif
