/* Runs a fuzz target without a fuzzing engine: on each file named, on every beginning of it, and
 * with every byte of it altered. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20, ALTERED_MAX = 4096 };

/* Exactly as large as the data, so that a read past its end is noticed. */
static void
run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL)
        exit(1);
    if (size > 0)
        memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void
alter(uint8_t *data, size_t size)
{
    size_t n = size < ALTERED_MAX ? size : ALTERED_MAX;

    for (size_t i = 0; i < n; i++) {
        uint8_t was = data[i];

        run(data, i);
        data[i] = (uint8_t)(was ^ 1);
        run(data, size);
        data[i] = (uint8_t)(was ^ 0x80);
        run(data, size);
        data[i] = 0xff;
        run(data, size);
        data[i] = was;
    }
}

int
main(int argc, char **argv)
{
    uint8_t *data = malloc(INPUT_MAX);

    if (data == NULL)
        return 1;
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        size_t n;

        if (f == NULL) {
            perror(argv[i]);
            free(data);
            return 1;
        }
        n = fread(data, 1, INPUT_MAX, f);
        fclose(f);
        run(data, n);
        alter(data, n);
    }
    free(data);
    printf("%d inputs\n", argc - 1);
    return argc > 1 ? 0 : 1;
}
