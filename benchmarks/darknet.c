/* What a firmware does with the output of YOLOv2's region layer: a second opinion.
 *
 * Written from the layer's description (Redmon and Farhadi, arXiv 1612.08242) and from what the
 * firmwares' decoders are known to do: channels of an anchor x, y, w, h, objectness, classes;
 * sigmoid of x, y and objectness, softmax over the classes, w = exp(tw) * anchor / map width;
 * suppression class by class; a box is then of the class that is left and likeliest.
 *
 * Equal probabilities, which 8-bit maps have often, a firmware's qsort leaves in any order: here
 * anchor by anchor, or cell by cell.
 *
 * stdin: rows, columns, anchors, classes, ties cell by cell (int32), threshold, IoU limit, anchors in cells (float32),
 * then maps, planes of float32, until it ends. stdout: a line a box, `map class p x0 y0 x1 y1` in
 * shares of the picture, anchor by anchor. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int32_t shape[5];
static float limits[2], anchors[64];

typedef struct {
    float cx, cy, w, h;
} shares_t;

static float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

static float shared(float a, float wa, float b, float wb)
{
    const float left = fmaxf(a - wa / 2, b - wb / 2), right = fminf(a + wa / 2, b + wb / 2);
    return right > left ? right - left : 0.0f;
}

static float iou(shares_t a, shares_t b)
{
    const float common = shared(a.cx, a.w, b.cx, b.w) * shared(a.cy, a.h, b.cy, b.h);
    return common / (a.w * a.h + b.w * b.h - common);
}

static const float *keys;

static int place(int i)
{
    const int cells = shape[0] * shape[1];
    return shape[4] ? i % cells * shape[2] + i / cells : i;
}

static int by_probability(const void *one, const void *other)
{
    const float a = keys[*(const int *)one], b = keys[*(const int *)other];
    return a < b ? 1 : a > b ? -1 : place(*(const int *)one) - place(*(const int *)other);
}

int main(void)
{
    if (fread(shape, 4, 5, stdin) != 5 || fread(limits, 4, 2, stdin) != 2)
        return 1;
    const int rows = shape[0], columns = shape[1], kinds = shape[2], classes = shape[3];
    if (kinds > 32 || fread(anchors, 8, kinds, stdin) != (size_t)kinds)
        return 1;
    const int cells = rows * columns, count = cells * kinds, numbers = 5 + classes;
    float *map = malloc(sizeof *map * count * numbers);
    float *probability = malloc(sizeof *probability * count * classes);
    shares_t *box = malloc(sizeof *box * count);
    int *order = malloc(sizeof *order * count);
    for (int number = 0; fread(map, 4, count * numbers, stdin) == (size_t)(count * numbers); number++) {
        for (int i = 0; i < count; i++) {
            const int kind = i / cells, cell = i % cells;
            const float *at = map + kind * numbers * cells + cell;
            float total = 0.0f, most = at[5 * cells];
            for (int c = 0; c < classes; c++)
                most = fmaxf(most, at[(5 + c) * cells]);
            for (int c = 0; c < classes; c++)
                total += expf(at[(5 + c) * cells] - most);
            for (int c = 0; c < classes; c++) {
                const float share = expf(at[(5 + c) * cells] - most) / total;
                const float p = sigmoid(at[4 * cells]) * share;
                probability[c * count + i] = p > limits[0] ? p : 0.0f;
            }
            box[i].cx = ((cell % columns) + sigmoid(at[0])) / columns;
            box[i].cy = ((cell / columns) + sigmoid(at[cells])) / rows;
            box[i].w = expf(at[2 * cells]) * anchors[2 * kind] / columns;
            box[i].h = expf(at[3 * cells]) * anchors[2 * kind + 1] / rows;
        }
        for (int c = 0; c < classes; c++) {
            float *p = probability + c * count;
            for (int i = 0; i < count; i++)
                order[i] = i;
            keys = p;
            qsort(order, count, sizeof *order, by_probability);
            for (int i = 0; i < count; i++)
                for (int j = i + 1; p[order[i]] > 0 && j < count; j++)
                    if (p[order[j]] > 0 && iou(box[order[i]], box[order[j]]) > limits[1])
                        p[order[j]] = 0.0f;
        }
        for (int i = 0; i < count; i++) {
            int best = 0;
            for (int c = 1; c < classes; c++)
                if (probability[c * count + i] > probability[best * count + i])
                    best = c;
            const float p = probability[best * count + i];
            const shares_t b = box[i];
            if (p > 0)
                printf("%d %d %.9g %.9g %.9g %.9g %.9g\n", number, best, p, b.cx - b.w / 2,
                       b.cy - b.h / 2, b.cx + b.w / 2, b.cy + b.h / 2);
        }
    }
    return 0;
}
