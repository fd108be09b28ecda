/* Tells which packets the kernel drops, and why, in the network namespaces that stand in `places`. Packets of all other
 * namespaces end in this program: nothing of them is written anywhere.
 *
 * The structures name only the members that are read. When the program is loaded, libbpf puts the offsets of the running
 * kernel in place of these (CO-RE). `struct event` is read by drops/hear.py.
 */
typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_RINGBUF = 27 };

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define DATA 192        /* bytes of a packet that are told, from its Ethernet header on */
#define FUNCTION 64     /* bytes of the name of a kernel function */
#define NO_HEADER 65535 /* sk_buff: the offset of a header that is not set */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct ns_common { __u32 inum; };
struct net { struct ns_common ns; };
typedef struct { struct net *net; } possible_net_t;
struct net_device { possible_net_t nd_net; int ifindex; char name[16]; };
struct sock_common { possible_net_t skc_net; };
struct sock { struct sock_common __sk_common; };
struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	__u32 len, mark, tail;
	__be16 protocol;
	__u16 mac_header, network_header;
	unsigned char *head;
};
#pragma clang attribute pop

struct event {
	__u64 at;         /* nanoseconds of CLOCK_MONOTONIC */
	__u32 netns;      /* inode */
	__u32 reason;     /* enum skb_drop_reason */
	__u32 ifindex;    /* 0: the packet has no interface yet */
	__u32 mark;
	__u32 length;
	__u16 kept;       /* bytes of data */
	__u16 network;    /* where the network header begins in data */
	__u16 protocol;   /* ETH_P_*, in network order */
	char device[16];
	char function[FUNCTION];
	__u8 data[DATA];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__type(key, __u32);
	__type(value, __u32);
} places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 * 1024);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64); /* events that found no room */
} lost SEC(".maps");

static struct net *net_of(struct sk_buff *skb)
{
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	struct sock *sk = BPF_CORE_READ(skb, sk);

	if (dev)
		return BPF_CORE_READ(dev, nd_net.net);
	return sk ? BPF_CORE_READ(sk, __sk_common.skc_net.net) : 0;
}

static void copy_packet(struct event *event, struct sk_buff *skb)
{
	__u32 mac = BPF_CORE_READ(skb, mac_header), network = BPF_CORE_READ(skb, network_header), tail = BPF_CORE_READ(skb, tail);
	__u32 first = mac != NO_HEADER && mac < network && network - mac <= 18 ? mac : network;
	__u32 size = tail > first ? tail - first : 0;

	if (size > DATA)
		size = DATA;
	event->network = network - first;
	event->kept = 0;
	if (!bpf_probe_read_kernel(event->data, size, BPF_CORE_READ(skb, head) + first))
		event->kept = size;
}

SEC("tp_btf/kfree_skb")
int dropped(__u64 *arguments)
{
	struct sk_buff *skb = (struct sk_buff *)arguments[0];
	struct net *net = net_of(skb);
	__u32 netns = net ? BPF_CORE_READ(net, ns.inum) : 0;

	if (!bpf_map_lookup_elem(&places, &netns))
		return 0;
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__u32 first = 0;
		__u64 *count = bpf_map_lookup_elem(&lost, &first);

		if (count)
			__sync_fetch_and_add(count, 1);
		return 0;
	}
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	__u64 from[] = { arguments[1] };

	event->at = bpf_ktime_get_ns();
	event->netns = netns;
	event->reason = arguments[2];
	event->ifindex = 0;
	event->device[0] = 0;
	if (dev) {
		event->ifindex = BPF_CORE_READ(dev, ifindex);
		BPF_CORE_READ_STR_INTO(&event->device, dev, name);
	}
	event->mark = BPF_CORE_READ(skb, mark);
	event->length = BPF_CORE_READ(skb, len);
	event->protocol = BPF_CORE_READ(skb, protocol);
	static const char name[] = "%pB";
	if (bpf_snprintf(event->function, FUNCTION, name, from, sizeof(from)) < 0)
		event->function[0] = 0;
	copy_packet(event, skb);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL"; /* the kernel lets only such programs use the helpers above */
