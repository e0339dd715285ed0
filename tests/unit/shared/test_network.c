/* SPDX-License-Identifier: Apache-2.0 */
/* test_network - addresses, lists of networks, the client behind proxies, and connections of one. */
#include "shared/http/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "shared/http/forwarded.h"
#include "shared/http/peer_count.h"
#include "tests/unit/test.h"

static struct network_address address_of(const char *text)
{
	struct network_address address;
	ck_assert_msg(network_address_parse(span_of(text), &address), "%s", text);
	return address;
}

static struct network_list list_of(const char *text)
{
	struct network_list list;
	struct failure failure;
	ck_assert_msg(network_list_parse(text, &list, &failure) == OK, "%s", text);
	return list;
}

static bool holds(const char *list_text, const char *text)
{
	struct network_list list = list_of(list_text);
	struct network_address address = address_of(text);
	return network_list_holds(&list, &address);
}

START_TEST(an_address_is_the_same_in_each_of_its_forms)
{
	static const struct {
		const char *text;
		const char *shown; /* NULL: no address */
	} cases[] = {
		{"203.0.113.7", "203.0.113.7"},
		{"::ffff:203.0.113.7", "203.0.113.7"},
		{"::FFFF:CB00:7107", "203.0.113.7"},
		{"2001:DB8:0::1", "2001:db8::1"},
		{"::1", "::1"},
		{"", NULL},
		{"203.0.113", NULL},
		{"203.0.113.256", NULL},
		{"203.0.113.7:80", NULL},
		{" 203.0.113.7", NULL},
		{"fe80::1%eth0", NULL},
		{"unknown", NULL},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct network_address address;
		char shown[NETWORK_TEXT_BYTES];
		bool taken = network_address_parse(span_of(cases[i].text), &address);
		ck_assert_msg(taken == (cases[i].shown != NULL), "%s", cases[i].text);
		if (!taken)
			continue;
		network_address_text(&address, shown);
		ck_assert_str_eq(shown, cases[i].shown);
	}
}
END_TEST

START_TEST(a_list_holds_what_its_prefixes_say)
{
	ck_assert(holds("10.0.0.0/8", "10.255.0.1"));
	ck_assert(!holds("10.0.0.0/8", "11.0.0.1"));
	ck_assert(holds("10.0.0.0/8, 192.0.2.1\n2001:db8::/33", "2001:db8:7fff::1"));
	ck_assert(!holds("10.0.0.0/8,192.0.2.1,2001:db8::/33", "2001:db8:8000::1"));
	ck_assert(holds("192.0.2.1", "::ffff:192.0.2.1"));
	ck_assert(!holds("192.0.2.1", "192.0.2.2"));
	ck_assert(holds("0.0.0.0/0", "203.0.113.7"));
	ck_assert(!holds("0.0.0.0/0", "2001:db8::1"));
	ck_assert(holds("::/0", "203.0.113.7"));
	ck_assert(holds("192.0.2.77/30", "192.0.2.78"));
	ck_assert(!holds("192.0.2.77/30", "192.0.2.80"));
	ck_assert(holds("::ffff:10.0.0.0/104", "10.1.2.3"));
	ck_assert(!holds("", "10.1.2.3"));
	ck_assert(!holds("unix", "10.1.2.3"));
	ck_assert(list_of("10.0.0.1 unix").unix_peers);
	ck_assert(!list_of("10.0.0.1").unix_peers);
	ck_assert_uint_eq(list_of(NULL).count, 0);
}
END_TEST

START_TEST(a_list_that_makes_no_sense_is_named)
{
	static const char *const lists[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8",
		"2001:db8::/129", "proxy.example.com", "10.0.0.0/8/8", "10.0.0.0/0008", "unix:/x"};
	struct network_list list;
	struct failure failure;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		ck_assert_msg(
			network_list_parse(lists[i], &list, &failure) == E_CONFIG, "%s", lists[i]);
		ck_assert_ptr_nonnull(strstr(failure.detail, lists[i]));
	}
	char many[NETWORK_LIST_MOST * 10 + 20] = "";
	for (size_t i = 0; i <= NETWORK_LIST_MOST; i++)
		strcat(many, "10.0.0.1,");
	ck_assert_int_eq(network_list_parse(many, &list, &failure), E_CONFIG);
}
END_TEST

/* The client that the lines of X-Forwarded-For name, where 10.0.0.0/8 and 2001:db8::/32 are ours. */
static const char *client_of(const char *first, const char *second)
{
	static char text[NETWORK_TEXT_BYTES];
	static struct http_request request;
	struct network_list ours = list_of("10.0.0.0/8 2001:db8::/32");
	struct network_address client;
	request.header_count = 0;
	request.headers[request.header_count++] =
		(struct http_header){SPAN("X-Other"), SPAN("203.0.113.99")};
	if (first)
		request.headers[request.header_count++] =
			(struct http_header){SPAN("X-Forwarded-For"), span_of(first)};
	if (second)
		request.headers[request.header_count++] =
			(struct http_header){SPAN("x-forwarded-for"), span_of(second)};
	if (!forwarded_client(&request, &ours, &client))
		return "peer";
	network_address_text(&client, text);
	return text;
}

START_TEST(the_client_is_the_first_from_the_right_that_is_no_proxy_of_ours)
{
	static const struct {
		const char *first;
		const char *second;
		const char *client;
	} cases[] = {
		{"203.0.113.7", NULL, "203.0.113.7"},
		{"198.51.100.1, 203.0.113.7", NULL, "203.0.113.7"},
		{"203.0.113.7, 10.0.0.2", NULL, "203.0.113.7"},
		{"203.0.113.7,10.0.0.2 ,\t2001:db8::5", NULL, "203.0.113.7"},
		{"198.51.100.1", "203.0.113.7, 10.0.0.1", "203.0.113.7"},
		{"203.0.113.7", "10.0.0.1, 10.0.0.2", "203.0.113.7"},
		{"10.0.0.3, 10.0.0.2", NULL, "10.0.0.3"},
		{"10.0.0.3", "10.0.0.2", "10.0.0.3"},
		{"203.0.113.7:51234", NULL, "203.0.113.7"},
		{"[2a00:1450::5]:443, 10.0.0.1:80", NULL, "2a00:1450::5"},
		{"[2a00:1450::5]", NULL, "2a00:1450::5"},
		{"2a00:1450::5", NULL, "2a00:1450::5"},
		{"::ffff:203.0.113.7", NULL, "203.0.113.7"},
		{"forged nonsense, 203.0.113.7", NULL, "203.0.113.7"},
		{"203.0.113.7, , ", NULL, "203.0.113.7"},
		{NULL, NULL, "peer"},
		{"", NULL, "peer"},
		{", ,", NULL, "peer"},
		{"unknown", NULL, "peer"},
		{"203.0.113.7, _hidden", NULL, "peer"},
		{"203.0.113.7, nonsense, 10.0.0.1", NULL, "peer"},
		{"203.0.113.7:", NULL, "peer"},
		{"203.0.113.7:123456", NULL, "peer"},
		{"203.0.113.7:8a", NULL, "peer"},
		{"[203.0.113.7]:80", NULL, "peer"},
		{"[::1", NULL, "peer"},
		{"[::1]80", NULL, "peer"},
		{"\"203.0.113.7\"", NULL, "peer"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *client = client_of(cases[i].first, cases[i].second);
		ck_assert_msg(strcmp(client, cases[i].client) == 0, "%s | %s: %s",
			cases[i].first ? cases[i].first : "-",
			cases[i].second ? cases[i].second : "-", client);
	}
}
END_TEST

static bool takes(struct peer_count *count, const char *text)
{
	struct network_address address = address_of(text);
	struct network_address client = network_address_client(&address);
	return peer_count_take(count, &client);
}

static void gives(struct peer_count *count, const char *text)
{
	struct network_address address = address_of(text);
	struct network_address client = network_address_client(&address);
	peer_count_give(count, &client);
}

START_TEST(each_ipv4_address_and_each_ipv6_64_has_its_own_share)
{
	struct peer_count *count = peer_count_new(2);
	ck_assert(takes(count, "203.0.113.7"));
	ck_assert(takes(count, "203.0.113.7"));
	ck_assert(!takes(count, "203.0.113.7"));
	ck_assert(!takes(count, "::ffff:203.0.113.7"));
	ck_assert(takes(count, "203.0.113.8"));
	ck_assert(takes(count, "2001:db8:0:1::1"));
	ck_assert(takes(count, "2001:db8:0:1:ffff::2"));
	ck_assert(!takes(count, "2001:db8:0:1::3"));
	ck_assert(takes(count, "2001:db8:0:2::1"));
	gives(count, "203.0.113.7");
	ck_assert(takes(count, "203.0.113.7"));
	ck_assert(!takes(count, "203.0.113.7"));
	gives(count, "203.0.113.7");
	gives(count, "203.0.113.7");
	gives(count, "203.0.113.8");
	ck_assert(takes(count, "203.0.113.8"));
	peer_count_free(count);
	peer_count_free(NULL);
}
END_TEST

TESTS("network", an_address_is_the_same_in_each_of_its_forms, a_list_holds_what_its_prefixes_say,
	a_list_that_makes_no_sense_is_named,
	the_client_is_the_first_from_the_right_that_is_no_proxy_of_ours,
	each_ipv4_address_and_each_ipv6_64_has_its_own_share)
