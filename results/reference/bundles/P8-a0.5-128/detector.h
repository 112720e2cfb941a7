/* P8-a0.5-128-kpu8, as dse exported it: all that decode.c and main.c know of this detector. */
#ifndef DETECTOR_H
#define DETECTOR_H

#define INPUT_SIZE 128 /* side of the canvas, pixels */
#define MAP_HEIGHT 8
#define MAP_WIDTH 8
#define BOXES_PER_CELL 25

#define SCORE_LOGIT -0.678035f /* log(t / (1 - t)) of the score threshold t = 0.3367 */
#define IOU_THRESHOLD 0.4f
#define BOX_SCALE 4.0f /* the kmodel writes box offsets this many times too large */
#define LARGEST_LOG_RATIO 8.0f /* of a box to its canonical box: where exp is clipped */
#define MAX_CANDIDATES 400 /* boxes that enter suppression, best first */
#define MAX_FACES 200

#define KMODEL_BYTES 236256
#define KMODEL_FLASH_ADDRESS 0x300000

/* width and height in pixels of the canvas */
static const float CANONICAL_BOXES[BOXES_PER_CELL][2] = {
    {88.410355f, 116.16678f},
    {49.92f, 66.816f},
    {34.048f, 44.8f},
    {26.368f, 34.56f},
    {20.736f, 27.904f},
    {17.664f, 22.272f},
    {14.592f, 19.456f},
    {13.13736f, 16.036942f},
    {11.066215f, 14.130007f},
    {10.24f, 11.52f},
    {8.96f, 13.056f},
    {8.359928f, 10.693401f},
    {7.545728f, 8.826957f},
    {6.507571f, 9.499159f},
    {6.1982207f, 7.734927f},
    {5.6353025f, 6.3247104f},
    {4.944435f, 7.173171f},
    {4.599731f, 5.8329344f},
    {3.9967487f, 5.015219f},
    {3.3751552f, 4.6955776f},
    {3.4567091f, 3.8602753f},
    {2.8439295f, 4.2216706f},
    {2.8100762f, 3.5962367f},
    {2.5528831f, 3.177088f},
    {2.4732928f, 2.7177217f},
};

#endif
