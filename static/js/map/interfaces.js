// Reads the interfaces of one place, as the kernel says them, for the map. Pure.

/** @import { Interface, Observation, Place } from "../stream/types.js" */

/** @param {Place | undefined} place */
export function interfacesOf(place) {
  /** @type {Observation | undefined} */
  const seen = place?.views.interfaces;
  return /** @type {Interface[]} */ ((seen?.items ?? []).filter((item) => item.kind_of === "interface"));
}

/** The address that a box shows: of IPv4; of IPv6 where there is none. @param {Interface | undefined} one */
export function firstAddress(one) {
  return one?.addresses.find((address) => address.family === "inet")?.cidr ?? ipv6Address(one);
}

/** Its IPv6 address, without the one of its own link. @param {Interface | undefined} one */
export function ipv6Address(one) {
  return one?.addresses.find((address) => address.family === "inet6" && address.scope === "global")?.cidr ?? "";
}

/**
 * The addresses that a box shows: of IPv4, then of IPv6; none of its own link.
 * @param {{ address: string, ipv6: string }} port
 */
export const addressesOf = ({ address, ipv6 }) => [...new Set([address, ipv6])].filter(Boolean);

/** Whether the kernel found that another on the link has one of its addresses, and uses it no longer. @param {Interface} one */
export const collides = (one) => one.addresses.some((address) => address.flags?.includes("dadfailed"));

/** The subnet an IPv4 address with its prefix length lies in, or "".
 * @param {string} cidr */
export function subnetOf(cidr) {
  const [address, length] = cidr.split("/");
  const bytes = address.split(".").map(Number);
  const bits = Number(length);
  if (bytes.length !== 4 || bytes.some((byte) => !(byte >= 0 && byte <= 255)) || !(bits >= 0 && bits <= 32)) return "";
  const whole = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const size = 2 ** (32 - bits);
  const base = Math.floor(whole / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${bits}`;
}

/**
 * @param {Interface} one
 * @param {string} name
 */
export function fact(one, name) {
  return one.detail?.find(([known]) => known === name)?.[1] ?? "";
}

/**
 * @param {Interface} one
 * @returns {[string, string][]}
 */
export function interfaceFacts(one) {
  return [
    ["kind", one.kind],
    ["MAC address", one.mac],
    ["addresses", one.addresses.map((address) => address.cidr).join(", ")],
    ["state", one.state],
    ["MTU", String(one.mtu || "")],
    ["master", one.master],
  ];
}
