#include "decode.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define PLANE (MAP_HEIGHT * MAP_WIDTH)
#define NUMBERS 5
#define LARGEST_LOGIT 80.0f /* exp of it is finite, and the score 1 to the last bit */
#define SMALLEST_AREA 1e-9f /* stands for an empty union, so that 0 / 0 is 0 */

/* place: its position in the map, row by row, column by column, box by box. */
typedef struct {
    float logit;
    int place;
} candidate_t;

/* By its bits: the SDK compiles with -ffast-math, under which x != x is never true. */
static int is_nan(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits & 0x7fffffffu) > 0x7f800000u;
}

static float clip(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

/* The five numbers of a candidate lie a plane apart, from here on. */
static const float *numbers_of(const float *planes, int place)
{
    return planes + NUMBERS * (place % BOXES_PER_CELL) * PLANE + place / BOXES_PER_CELL;
}

static int is_whole(const float *numbers)
{
    for (int k = 0; k < NUMBERS; k++)
        if (is_nan(numbers[k * PLANE]))
            return 0;
    return 1;
}

/* Of equal scores the first in the map is the better. */
static int is_worse(candidate_t a, candidate_t b)
{
    return a.logit < b.logit || (a.logit <= b.logit && a.place > b.place);
}

/* Puts `moved` at or below `top` of a heap whose root is the worst. */
static void sift_down(candidate_t *heap, int count, int top, candidate_t moved)
{
    for (int child = 2 * top + 1; child < count; child = 2 * top + 1) {
        if (child + 1 < count && is_worse(heap[child + 1], heap[child]))
            child++;
        if (!is_worse(heap[child], moved))
            break;
        heap[top] = heap[child];
        top = child;
    }
    heap[top] = moved;
}

/* Puts `added` into a heap of `count`. */
static void sift_up(candidate_t *heap, int count, candidate_t added)
{
    int place = count;
    for (; place > 0 && is_worse(added, heap[(place - 1) / 2]); place = (place - 1) / 2)
        heap[place] = heap[(place - 1) / 2];
    heap[place] = added;
}

/* The MAX_CANDIDATES best above the threshold, best first. Returns how many. */
static int collect(const float *planes, candidate_t *best)
{
    int count = 0;
    for (int b = 0; b < BOXES_PER_CELL; b++) {
        const float *logits = planes + NUMBERS * b * PLANE;
        for (int cell = 0; cell < PLANE; cell++) {
            candidate_t found = {logits[cell], cell * BOXES_PER_CELL + b};
            if (!(found.logit > SCORE_LOGIT) || !is_whole(logits + cell))
                continue;
            if (count < MAX_CANDIDATES)
                sift_up(best, count++, found);
            else if (is_worse(best[0], found))
                sift_down(best, count, 0, found);
        }
    }
    for (int last = count - 1; last > 0; last--) {
        candidate_t moved = best[last];
        best[last] = best[0];
        sift_down(best, last, 0, moved);
    }
    return count;
}

static face_t face_of(const float *planes, candidate_t found)
{
    const float *numbers = numbers_of(planes, found.place);
    const float *canonical = CANONICAL_BOXES[found.place % BOXES_PER_CELL];
    const int cell = found.place / BOXES_PER_CELL;
    const float column = (float)(cell % MAP_WIDTH) + 0.5f, row = (float)(cell / MAP_WIDTH) + 0.5f;
    float centre[2] = {column * ((float)INPUT_SIZE / MAP_WIDTH), row * ((float)INPUT_SIZE / MAP_HEIGHT)};
    float half[2];
    for (int axis = 0; axis < 2; axis++) {
        float ratio = numbers[(3 + axis) * PLANE] / BOX_SCALE;
        centre[axis] += canonical[axis] * (numbers[(1 + axis) * PLANE] / BOX_SCALE);
        half[axis] = 0.5f * canonical[axis] * expf(clip(ratio, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO));
    }
    face_t face = {
        clip(centre[0] - half[0], 0.0f, INPUT_SIZE),
        clip(centre[1] - half[1], 0.0f, INPUT_SIZE),
        clip(centre[0] + half[0], 0.0f, INPUT_SIZE),
        clip(centre[1] + half[1], 0.0f, INPUT_SIZE),
        1.0f / (1.0f + expf(-clip(found.logit, -LARGEST_LOGIT, LARGEST_LOGIT))),
    };
    return face;
}

static float area(float x0, float y0, float x1, float y1)
{
    return x1 > x0 && y1 > y0 ? (x1 - x0) * (y1 - y0) : 0.0f;
}

static int overlap(const face_t *a, const face_t *b)
{
    float common = area(fmaxf(a->x0, b->x0), fmaxf(a->y0, b->y0), fminf(a->x1, b->x1), fminf(a->y1, b->y1));
    float all = area(a->x0, a->y0, a->x1, a->y1) + area(b->x0, b->y0, b->x1, b->y1) - common;
    return common / fmaxf(all, SMALLEST_AREA) > IOU_THRESHOLD;
}

int decode(const float *planes, face_t *faces)
{
    candidate_t best[MAX_CANDIDATES];
    int count = collect(planes, best), kept = 0;
    for (int i = 0; i < count && kept < MAX_FACES; i++) {
        face_t face = face_of(planes, best[i]);
        int other = 0;
        while (other < kept && !overlap(&face, &faces[other]))
            other++;
        if (other == kept)
            faces[kept++] = face;
    }
    return kept;
}

int on_picture(face_t *faces, int count, float scale, int width, int height)
{
    int left = 0;
    for (int i = 0; i < count; i++) {
        face_t face = {
            clip(faces[i].x0 / scale, 0.0f, (float)width),
            clip(faces[i].y0 / scale, 0.0f, (float)height),
            clip(faces[i].x1 / scale, 0.0f, (float)width),
            clip(faces[i].y1 / scale, 0.0f, (float)height),
            faces[i].score,
        };
        if (face.x1 > face.x0 && face.y1 > face.y0)
            faces[left++] = face;
    }
    return left;
}
