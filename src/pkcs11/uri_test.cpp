#include "pkcs11/uri.h"

#include <catch2/catch.hpp>

using namespace muster;
using namespace muster::pkcs11;

TEST_CASE("a PKCS#11 URI says where the key, its module and its PIN are") {
  const auto uri = expect(parse_uri(
      "pkcs11:token=the%20fleet;object=issuing;id=%01%ff?module-path=/usr/lib/x.so&pin-source="
      "file:/etc/muster/pin"));
  CHECK(uri.object == "issuing");
  CHECK(uri.id == Bytes{1, 0xff});
  CHECK(uri.module_path == "/usr/lib/x.so");
  CHECK(uri.pin_file == "/etc/muster/pin");
  CHECK(uri.name == "pkcs11:token=the%20fleet;object=issuing;id=%01%ff");
  CHECK(expect(parse_uri("pkcs11:?pin-source=/etc/pin")).pin_file == "/etc/pin");
  CHECK(expect(parse_uri("pkcs11:?pin-source=file:///etc/pin")).pin_file == "/etc/pin");
}

TEST_CASE("a PIN in a URI is refused, and not repeated in the refusal") {
  for (const char* text : {"pkcs11:token=fleet?pin-value=271828", "pkcs11:pin-value=271828",
                           "pkcs11:token=fleet;pin-value=271828?pin-source=file:/x"}) {
    const auto refused = parse_uri(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::invalid);
    CHECK(refused.error().message.find("271828") == std::string::npos);
  }
}

TEST_CASE("what is not a PKCS#11 URI is refused") {
  for (const char* text :
       {"", "keys/ledger.key", "pkcs11", "pkcs11:token=%zz", "pkcs11:tokens=fleet",
        "pkcs11:token=fleet?pin-source=|ask", "pkcs11:token=fleet?pin-source=file:pin"})
    CHECK_FALSE(parse_uri(text));
  CHECK_FALSE(parse_uri("pkcs11:token=" + std::string(5000, 'x')));
  CHECK_FALSE(parse_uri(std::string("pkcs11:token=x\0y", 16)));
}
