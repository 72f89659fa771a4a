// net/internal/endpoint -- a socket address in 20 octets, and names turned into addresses.
//
// Resolving blocks, so it runs on a thread of its own that shares nothing: it answers on a socket
// and whoever lost interest just closes the other end.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

struct sockaddr;
struct sockaddr_storage;

namespace muster::net::internal {

struct Endpoint {
  std::array<std::uint8_t, 16> address{};  // IPv4 in the first four
  std::uint16_t port = 0;
  bool v6 = false;
};

std::optional<Endpoint> numeric_endpoint(const std::string& host, std::uint16_t port);
Endpoint endpoint_of(const sockaddr*);                   // AF_INET or AF_INET6
unsigned fill(const Endpoint&, sockaddr_storage& into);  // returns the length
std::string show(const Endpoint&);                       // "127.0.0.1:80", "[::1]:80"
std::uint64_t network_of(const Endpoint&);               // see Stream::peer_network()

int start_resolving(std::string host, std::uint16_t port);  // a descriptor, readable when done; -1
std::vector<Endpoint> finish_resolving(int fd);             // empty: no such host

}  // namespace muster::net::internal
