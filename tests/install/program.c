/* A program outside of the tree, in what C and C++ have in common: makes a vault.
 * usage: program URL */
#include <stdio.h>
#include <string.h>

#include <mars/mars.h>

int
main(int argc, char **argv)
{
    mars_vault_info info;
    mars_error err;

    if (argc != 2)
        return 2;
    memset(&info, 0, sizeof info);
    info.struct_size = sizeof info;
    if (mars_vault_create(argv[1], NULL, &err) != MARS_OK ||
        mars_vault_show(argv[1], NULL, &info, NULL, NULL, &err) != MARS_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    printf("libmars %s: %s\n", mars_version(), info.redundancy);
    return 0;
}
