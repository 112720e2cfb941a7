/* Decodes maps that arrive on stdin: an int of how many, then their planes. For each, an int of how
 * many faces and the faces go to stdout. argv: how often to decode each map (default once); scale,
 * width and height of the picture that the faces are wanted on (default: the canvas). */
#include <stdio.h>
#include <stdlib.h>

#include "decode.h"

#define NUMBERS (NUMBERS_PER_BOX * BOXES_PER_CELL * MAP_HEIGHT * MAP_WIDTH) /* -DNUMBERS_PER_BOX */

int main(int argc, char **argv)
{
    /* Of exactly the sizes that decode() is promised, so that the sanitizers see a step beyond. */
    float *planes = malloc(NUMBERS * sizeof *planes);
    face_t *faces = malloc(MAX_FACES * sizeof *faces);
    const int repeats = argc > 1 ? atoi(argv[1]) : 1;
    int maps = 0, found = 0;
    if (planes == NULL || faces == NULL || fread(&maps, sizeof maps, 1, stdin) != 1)
        return 1;
    for (; maps > 0; maps--) {
        if (fread(planes, sizeof *planes, NUMBERS, stdin) != NUMBERS)
            return 1;
        for (int i = 0; i < repeats; i++)
            found = decode(planes, faces);
        if (argc > 4)
            found = on_picture(faces, found, strtof(argv[2], NULL), atoi(argv[3]), atoi(argv[4]));
        if (fwrite(&found, sizeof found, 1, stdout) != 1
            || fwrite(faces, sizeof *faces, (size_t)found, stdout) != (size_t)found)
            return 1;
    }
    free(planes);
    free(faces);
    return 0;
}
