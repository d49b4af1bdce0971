#include "api/http/head.h"

#include "api/http/connection.h"
#include "common/clock.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
    int status;
    const char *text;
} statuses[] = {
    {200, "OK"                             },
    {201, "Created"                        },
    {202, "Accepted"                       },
    {204, "No Content"                     },
    {206, "Partial Content"                },
    {301, "Moved Permanently"              },
    {302, "Found"                          },
    {303, "See Other"                      },
    {304, "Not Modified"                   },
    {307, "Temporary Redirect"             },
    {308, "Permanent Redirect"             },
    {400, "Bad Request"                    },
    {401, "Unauthorized"                   },
    {403, "Forbidden"                      },
    {404, "Not Found"                      },
    {405, "Method Not Allowed"             },
    {406, "Not Acceptable"                 },
    {408, "Request Timeout"                },
    {409, "Conflict"                       },
    {410, "Gone"                           },
    {412, "Precondition Failed"            },
    {413, "Content Too Large"              },
    {414, "URI Too Long"                   },
    {415, "Unsupported Media Type"         },
    {417, "Expectation Failed"             },
    {422, "Unprocessable Content"          },
    {429, "Too Many Requests"              },
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"          },
    {501, "Not Implemented"                },
    {502, "Bad Gateway"                    },
    {503, "Service Unavailable"            },
    {504, "Gateway Timeout"                },
    {505, "HTTP Version Not Supported"     },
};

const char *
http_status_text(int status)
{
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        if (statuses[i].status == status)
            return statuses[i].text;
    }
    return "Status";
}

static char *
put(char *at, const char *data, size_t size)
{
    memcpy(at, data, size);
    return at + size;
}

#define PUT_CONSTANT(at, text) put(at, text, sizeof(text) - 1)

static char *
put_number(char *at, size_t number)
{
    char digits[20];
    size_t first = sizeof digits;

    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return put(at, digits + first, sizeof digits - first);
}

static char *
put_status(char *at, int status)
{
    const char *text;

    if (status == 200)
        return PUT_CONSTANT(at, "HTTP/1.1 200 OK\r\n");
    assert(status >= 200 && status <= 599);
    text = http_status_text(status);
    at = PUT_CONSTANT(at, "HTTP/1.1 ");
    at = put_number(at, (size_t)status);
    *at++ = ' ';
    at = put(at, text, strlen(text));
    return PUT_CONSTANT(at, "\r\n");
}

size_t
head_write(struct http_server *server, const struct http_answer *answer, enum head_framing framing,
           size_t body_size, bool close)
{
    char *at = put_status(server->scratch, answer->status);
    size_t blocks = 0;

    at = put(at, server->date, server->date_size);
    if (framing == HEAD_LENGTH) {
        at = PUT_CONSTANT(at, "Content-Length: ");
        at = put_number(at, body_size);
        at = PUT_CONSTANT(at, "\r\n");
    } else if (framing == HEAD_CHUNKED) {
        at = PUT_CONSTANT(at, "Transfer-Encoding: chunked\r\n");
    }
    if (close)
        at = PUT_CONSTANT(at, "Connection: close\r\n");
    for (size_t i = 0; i < HTTP_ANSWER_BLOCKS; i++) {
        blocks += answer->headers[i].size;
        assert(blocks <= HTTP_ANSWER_HEAD_MAX);
        if (answer->headers[i].size)
            at = put(at, answer->headers[i].data, answer->headers[i].size);
    }
    at = PUT_CONSTANT(at, "\r\n");
    return (size_t)(at - server->scratch);
}

void
head_tick(struct http_server *server)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = (time_t)(clock_now_ms() / 1000);
    struct tm tm;

    if (now == server->date_s)
        return;
    server->date_s = now;
    gmtime_r(&now, &tm);
    /* RFC 9110, 5.6.7; the names do not depend on a locale. */
    server->date_size = (size_t)snprintf(server->date, sizeof server->date,
                                         "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                                         days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
                                         tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
