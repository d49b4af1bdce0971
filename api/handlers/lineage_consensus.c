#include "api/handlers/lineage_consensus.h"

#include "api/answer/members.h"
#include "api/params/as_of.h"
#include "common/clock.h"

const char *
lineage_consensus_source(const struct price_inputs *read)
{
    const char *source = NULL;

    if (read->consensus.used != 1)
        return NULL;
    for (size_t i = 0; i < read->count; i++) {
        if (read->inputs[i].verdict == CONSENSUS_USED)
            source = read->inputs[i].source;
    }
    return source;
}

static void
add_input(struct text *text, const struct price_inputs *read, size_t i)
{
    static const struct member ids[] = {
        {"run_id",     MEMBER_NUMBER},
        {"payload_id", MEMBER_NUMBER},
    };
    const struct consensus_input *input = &read->inputs[i];
    bool used = input->verdict == CONSENSUS_USED;
    char at[CLOCK_TEXT_SIZE];

    text_add_string(text, i > 0 ? ",{\"source\":" : "{\"source\":");
    text_add_json_string(text, input->source);
    text_add_format(text,
                    ",\"price\":%s,\"observed_at\":\"%s\",\"used\":%s,\"reason\":", input->price,
                    clock_format_ms(input->observed_at_ms, at), used ? "true" : "false");
    text_add_json_nullable(text, used ? NULL : consensus_verdict_name(input->verdict));
    text_add_char(text, ',');
    members_add(text, ids, COUNT_OF(ids), read->rows, read->first + i, PRICE_RUN_ID);
    text_add_char(text, '}');
}

struct bytes
lineage_consensus_render(const struct price_inputs *read, const struct params *params,
                         struct arena *arena)
{
    struct text text;

    text_init(&text, arena, 512 + 192 * read->count);
    text_add_string(&text, "{\"asset\":");
    text_add_json_string(&text, params_get(params, "asset")->text);
    text_add_string(&text, ",\"currency\":");
    text_add_json_string(&text, params_get(params, "currency")->text);
    text_add_string(&text, ",\"source\":\"consensus\",");
    as_of_add(&text, params);
    text_add_string(&text, "\"field\":");
    text_add_json_string(&text, params_get(params, "field")->text);
    text_add_string(&text, ",\"value\":");
    text_add_json_raw(&text, read->consensus.price);
    text_add_string(&text, ",\"row\":{\"table\":\"consensus\",\"state\":");
    text_add_json_nullable(&text, consensus_state_name(read->consensus.state));
    text_add_format(&text, "},\"inputs\":{\"count\":%zu,\"rows\":[", read->count);
    for (size_t i = 0; i < read->count; i++)
        add_input(&text, read, i);
    text_add_string(&text, "],\"next_after\":null},\"run\":null,\"payload\":null}\n");
    return text_finish(&text);
}
