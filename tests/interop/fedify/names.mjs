// Loaded before the peer (node --import): names below .interop.test are this machine, without touching /etc/hosts.
import dns from "node:dns";

const lookup = dns.lookup;
dns.lookup = (hostname, ...rest) => lookup(hostname.endsWith(".interop.test") ? "127.0.0.1" : hostname, ...rest);
