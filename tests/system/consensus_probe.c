/*
 * Decides one consensus a line; test_consensus.py says what of. A line is the inputs, each
 * "kind price age_ms fresh_ms doubt" with kind E (exchange) or A, semicolons between them.
 * Answers "state price spread verdict/weight ...", with - for what is not there.
 */
#include "api/consensus.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 4096, INPUTS_MAX = 16, PRICE_SIZE = 80 };

static const int64_t now_ms = INT64_C(1800000000000);

static size_t
read_inputs(char *line, struct consensus_input inputs[INPUTS_MAX], struct arena *arena)
{
    char *rest = line, *part;
    size_t count = 0;

    while ((part = strsep(&rest, ";"))) {
        char kind, price[PRICE_SIZE];
        int64_t age_ms, fresh_ms;
        int doubt;

        if (sscanf(part, " %c %79s %" SCNd64 " %" SCNd64 " %d", &kind, price, &age_ms, &fresh_ms,
                   &doubt) != 5 ||
            count == INPUTS_MAX)
            exit(2);
        inputs[count] = (struct consensus_input){
            .source = arena_printf(arena, "source%zu", count),
            .is_original = kind == 'E',
            .price = arena_string(arena, price),
            .observed_at_ms = now_ms - age_ms,
            .fresh_ms = fresh_ms,
            .doubt = doubt,
        };
        count++;
    }
    return count;
}

int
main(void)
{
    char line[LINE_SIZE];

    while (fgets(line, sizeof line, stdin)) {
        struct arena *arena = arena_create(16 * 1024);
        struct consensus_input inputs[INPUTS_MAX];
        size_t count = read_inputs(line, inputs, arena);
        struct consensus result;

        consensus_decide(inputs, count, now_ms, arena, &result);
        printf("%s %s %s", consensus_state_name(result.state), result.price ? result.price : "-",
               result.spread ? result.spread : "-");
        for (size_t i = 0; i < count; i++)
            printf(" %s/%" PRId32, consensus_verdict_name(inputs[i].verdict), inputs[i].weight);
        putchar('\n');
        arena_destroy(arena);
    }
    return 0;
}
