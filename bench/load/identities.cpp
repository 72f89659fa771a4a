#include "load/identities.h"

#include <openssl/pem.h>

#include <cstdio>

namespace muster::load {
namespace {

struct Closed {
  void operator()(BIO* b) const { BIO_free(b); }
};

}  // namespace

std::string identity_text(const std::string& name, const std::string& key_pem,
                          const std::string& certificate_pem) {
  return name + '\n' + key_pem + certificate_pem;
}

Result<std::vector<Identity>> read_identities(const std::filesystem::path& file,
                                              std::size_t count) {
  std::unique_ptr<BIO, Closed> in(BIO_new_file(file.c_str(), "r"));
  if (!in) return fail(Fault::missing, "cannot read " + file.string());
  std::vector<Identity> all;
  char line[128];
  while (all.size() < count && BIO_gets(in.get(), line, sizeof line) > 0) {
    std::string name(line);
    while (!name.empty() && name.back() == '\n') name.pop_back();
    Identity one{.name = std::move(name), .key = {}, .certificate = {}};
    one.key.reset(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
    one.certificate.reset(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    if (!one.key || !one.certificate)
      return fail(Fault::corrupt, file.string() + ": " + one.name + " has no key or certificate");
    all.push_back(std::move(one));
  }
  if (all.size() < count)
    return fail(Fault::missing,
                file.string() + " holds only " + std::to_string(all.size()) + " identities");
  return all;
}

}  // namespace muster::load
