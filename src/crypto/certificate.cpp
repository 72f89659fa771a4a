#include "crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <new>

#include "crypto/internal/chain.h"
#include "crypto/internal/pem.h"

namespace muster::crypto {
namespace {

constexpr std::size_t pem_bytes_max = 1024 * 1024;
constexpr std::size_t pem_certificates_max = 256;

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};
using StackHandle = std::unique_ptr<STACK_OF(X509), FreeStack>;

Result<StackHandle> stack_of(std::span<const Certificate> certificates) {
  if (certificates.size() > intermediates_max)
    return fail(Fault::invalid, "more than 16 intermediate certificates");
  StackHandle out{sk_X509_new_null()};
  if (!out) throw std::bad_alloc();
  for (const Certificate& certificate : certificates) {
    TRY(const X509Handle x509, to_openssl(certificate));
    if (sk_X509_push(out.get(), x509.get()) <= 0) throw std::bad_alloc();
    X509_up_ref(x509.get());  // one reference is the stack's
  }
  return out;
}

std::unexpected<Error> not_accepted(const Certificate& leaf, const std::string& why) {
  return fail(Fault::unauthorized,
              "the certificate \"" + leaf.common_name + "\" is not accepted: " + why);
}

Result<void> check_leaf(const Certificate& leaf, Use purpose) {
  if (purpose != Use::client && purpose != Use::server && purpose != Use::birth)
    return fail(Fault::invalid, "a chain is verified for a client, a server or a birth");
  if (leaf.is_ca) return not_accepted(leaf, "it is a CA's own");
  const bool says_nothing = purpose == Use::birth && !leaf.has_purposes;
  if (purpose != Use::server && !leaf.client_auth && !says_nothing)
    return not_accepted(leaf, "its extended key usage does not name clientAuth");
  if (purpose == Use::server && !leaf.server_auth)
    return not_accepted(leaf, "its extended key usage does not name serverAuth");
  if (leaf.any_purpose)
    return not_accepted(leaf, "its extended key usage names anyExtendedKeyUsage");
  if (purpose == Use::server && leaf.dns_names.empty() && leaf.ip_addresses.empty())
    return not_accepted(leaf, "it names no DNS name and no IP address");
  return {};
}

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// A star stands for one label that is not empty. Whether it may stand there at all was read before.
bool matches(std::string_view pattern, std::string_view host) {
  if (!pattern.starts_with("*.")) return same_letters(pattern, host);
  const std::size_t dot = host.find('.');
  return dot != 0 && dot != host.npos && same_letters(pattern.substr(1), host.substr(dot));
}

std::string reason_of(X509_STORE_CTX* context) {
  std::string out = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context));
  const int depth = X509_STORE_CTX_get_error_depth(context);
  if (depth > 0) out += " (" + std::to_string(depth) + " above it)";
  return out;
}

}  // namespace

std::string serial_hex(const Serial& serial) {
  return to_hex(serial);
}

Serial random_serial(Random& random) {
  Serial serial;
  random.fill(serial);
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);
  return serial;
}

Result<std::vector<Certificate>> parse_certificates_pem(std::string_view text) {
  if (text.size() > pem_bytes_max) return fail(Fault::invalid, "PEM: longer than 1 MiB");
  TRY(const auto blocks, from_pem(text, "CERTIFICATE", pem_certificates_max));
  std::vector<Certificate> out;
  out.reserve(blocks.size());
  for (const Bytes& der : blocks) {
    TRY(auto certificate, parse_certificate(der));
    out.push_back(std::move(certificate));
  }
  return out;
}

std::string certificate_pem(ByteView der) {
  return to_pem("CERTIFICATE", der);
}

Result<void> verify_chain(const Certificate& leaf, std::span<const Certificate> intermediates,
                          std::span<const Certificate> anchors, Use purpose, Instant now,
                          int used_max) {
  TRY_VOID(check_leaf(leaf, purpose));
  const QuietErrors quiet;
  TRY(const StoreHandle store,
      store_of(anchors, purpose == Use::server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT,
               now));
  X509_STORE_set_depth(store.get(), used_max);
  TRY(const X509Handle x509, to_openssl(leaf));
  TRY(const StackHandle between, stack_of(intermediates));
  const StoreContextHandle context{X509_STORE_CTX_new()};
  if (!context || X509_STORE_CTX_init(context.get(), store.get(), x509.get(), between.get()) != 1)
    throw std::bad_alloc();
  if (X509_verify_cert(context.get()) != 1) return not_accepted(leaf, reason_of(context.get()));
  return {};
}

Result<void> verify_server_name(const Certificate& leaf, std::string_view host) {
  const std::string name(host);
  std::uint8_t address[16];
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, name.c_str(), address) != 1) continue;
    char text[INET6_ADDRSTRLEN];
    const std::string spelled = inet_ntop(family, address, text, sizeof text);
    if (std::ranges::find(leaf.ip_addresses, spelled) != leaf.ip_addresses.end()) return {};
    return not_accepted(leaf, "it does not name the address " + spelled);
  }
  const auto names_it = [&](const std::string& one) { return matches(one, host); };
  if (std::ranges::any_of(leaf.dns_names, names_it)) return {};
  return not_accepted(leaf, "it does not name the host " + name);
}

}  // namespace muster::crypto
