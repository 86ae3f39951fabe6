#include "profile.h"

#include <stdio.h>
#include <string.h>

#include "reach.h"

enum { LINE_SIZE = PROFILE_VALUE_SIZE + 256 };

static FILE *
open_file(bool keys)
{
    const char *path =
        reach_variable(keys ? "AWS_SHARED_CREDENTIALS_FILE" : "AWS_CONFIG_FILE");
    const char *home = reach_variable("HOME");
    char in_home[4096];

    if (home == NULL)
        home = reach_variable("USERPROFILE");
    if (path == NULL && home != NULL) {
        int n = snprintf(in_home, sizeof in_home, "%s/.aws/%s", home,
                         keys ? "credentials" : "config");

        path = n > 0 && (size_t)n < sizeof in_home ? in_home : NULL;
    }
    return path != NULL ? fopen(path, "r") : NULL;
}

/* Without blanks around it, in place. */
static char *
trimmed(char *text)
{
    size_t n;

    text += strspn(text, " \t\r\n");
    n = strlen(text);
    while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
        text[--n] = '\0';
    return text;
}

/* Is "[NAME]", or "[profile NAME]" of the file without keys, the section that is meant? */
static bool
begins_section(char *line, const char *profile, bool keys)
{
    static const char word[] = "profile";
    char *end = strchr(line, ']'), *name;

    if (end == NULL)
        return false;
    *end = '\0';
    name = trimmed(line + 1);
    if (!keys && strncmp(name, word, sizeof word - 1) == 0 &&
        (name[sizeof word - 1] == ' ' || name[sizeof word - 1] == '\t'))
        name = trimmed(name + sizeof word - 1);
    else if (!keys && strcmp(name, "default") != 0)
        return false;
    return strcmp(name, profile) == 0;
}

/* Of "KEY = VALUE", the value of this key, or NULL. */
static const char *
value_of(char *line, const char *key)
{
    char *value = strchr(line, '=');

    if (value == NULL)
        return NULL;
    *value = '\0';
    return strcmp(trimmed(line), key) == 0 ? trimmed(value + 1) : NULL;
}

/* Lines that are indented belong to the value above them, and none that is asked for has some. */
static bool
find(FILE *in, const char *profile, bool keys, const char *key, char out[PROFILE_VALUE_SIZE])
{
    char line[LINE_SIZE];
    bool inside = false, found = false;

    while (!found && fgets(line, sizeof line, in) != NULL) {
        const char *value = NULL;

        if (line[0] == '[')
            inside = begins_section(line, profile, keys);
        else if (inside && strchr("#; \t", line[0]) == NULL)
            value = value_of(line, key);
        found = value != NULL && *value != '\0' && strlen(value) < PROFILE_VALUE_SIZE;
        if (found)
            memcpy(out, value, strlen(value) + 1);
    }
    memset(line, 0, sizeof line);
    return found;
}

bool
profile_get(const char *profile, bool keys, const char *key, char out[PROFILE_VALUE_SIZE])
{
    FILE *in = open_file(keys);
    bool found;

    if (in == NULL)
        return false;
    found = find(in, profile, keys, key, out);
    fclose(in);
    return found;
}
