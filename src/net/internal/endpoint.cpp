#include "net/internal/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>

namespace muster::net::internal {
namespace {

constexpr std::size_t endpoints_max = 8;

struct Question {
  std::string host;
  std::uint16_t port;
  int answer_to;
};

void* resolve(void* argument) {
  std::unique_ptr<Question> question(static_cast<Question*>(argument));
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_ADDRCONFIG;
  std::vector<Endpoint> endpoints;
  if (::getaddrinfo(question->host.c_str(), nullptr, &wanted, &found) == 0) {
    for (addrinfo* one = found; one && endpoints.size() < endpoints_max; one = one->ai_next)
      if (one->ai_family == AF_INET || one->ai_family == AF_INET6) {
        endpoints.push_back(endpoint_of(one->ai_addr));
        endpoints.back().port = question->port;
      }
    ::freeaddrinfo(found);
  }
  if (!endpoints.empty())
    ::send(question->answer_to, endpoints.data(), endpoints.size() * sizeof(Endpoint),
           MSG_NOSIGNAL);
  ::close(question->answer_to);
  return nullptr;
}

}  // namespace

std::optional<Endpoint> numeric_endpoint(const std::string& host, std::uint16_t port) {
  Endpoint endpoint{.port = port};
  if (::inet_pton(AF_INET, host.c_str(), endpoint.address.data()) == 1) return endpoint;
  endpoint.v6 = true;
  if (::inet_pton(AF_INET6, host.c_str(), endpoint.address.data()) == 1) return endpoint;
  return std::nullopt;
}

Endpoint endpoint_of(const sockaddr* address) {
  Endpoint endpoint;
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, address, sizeof in6);
    endpoint.v6 = true;
    endpoint.port = ntohs(in6.sin6_port);
    std::memcpy(endpoint.address.data(), &in6.sin6_addr, 16);
  } else {
    sockaddr_in in;
    std::memcpy(&in, address, sizeof in);
    endpoint.port = ntohs(in.sin_port);
    std::memcpy(endpoint.address.data(), &in.sin_addr, 4);
  }
  return endpoint;
}

unsigned fill(const Endpoint& endpoint, sockaddr_storage& into) {
  std::memset(&into, 0, sizeof into);
  if (endpoint.v6) {
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(endpoint.port);
    std::memcpy(&in6.sin6_addr, endpoint.address.data(), 16);
    std::memcpy(&into, &in6, sizeof in6);
    return sizeof in6;
  }
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(endpoint.port);
  std::memcpy(&in.sin_addr, endpoint.address.data(), 4);
  std::memcpy(&into, &in, sizeof in);
  return sizeof in;
}

std::string show(const Endpoint& endpoint) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(endpoint.v6 ? AF_INET6 : AF_INET, endpoint.address.data(), text, sizeof text);
  const std::string address = endpoint.v6 ? "[" + std::string(text) + "]" : text;
  return address + ":" + std::to_string(endpoint.port);
}

std::uint64_t network_of(const Endpoint& endpoint) {
  constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool v4_in_v6 = endpoint.v6 && std::equal(mapped.begin(), mapped.end(),
                                                  endpoint.address.begin());  // RFC 4291 2.5.5.2
  const auto from = endpoint.address.begin() + (v4_in_v6 ? 12 : 0);
  return std::accumulate(from, from + (endpoint.v6 && !v4_in_v6 ? 8 : 4), std::uint64_t{0},
                         [](std::uint64_t all, std::uint8_t octet) { return all << 8 | octet; });
}

int start_resolving(std::string host, std::uint16_t port) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -1;
  auto question = std::make_unique<Question>(std::move(host), port, ends[1]);
  pthread_t thread;
  if (::pthread_create(&thread, nullptr, resolve, question.get()) != 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return -1;
  }
  ::pthread_detach(thread);
  static_cast<void>(question.release());  // the thread's from here on
  return ends[0];
}

std::vector<Endpoint> finish_resolving(int fd) {
  std::vector<Endpoint> endpoints(endpoints_max);
  const auto got = ::recv(fd, endpoints.data(), endpoints.size() * sizeof(Endpoint), MSG_DONTWAIT);
  endpoints.resize(got > 0 ? static_cast<std::size_t>(got) / sizeof(Endpoint) : 0);
  return endpoints;
}

}  // namespace muster::net::internal
