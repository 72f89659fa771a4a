#include "advisory/purl.h"

#include <catch2/catch.hpp>

namespace muster::advisory {

TEST_CASE("a package URL is taken apart, brought to its type's form, and written again") {
  const auto purl =
      expect(parse_purl("pkg:DEB/Debian/OpenSSL@3.0.11-1%2Bdeb12u2?distro=debian-12&arch=amd64"));
  CHECK(purl.type == "deb");
  CHECK(purl.namespace_ == "debian");
  CHECK(purl.name == "openssl");
  CHECK(purl.version == "3.0.11-1+deb12u2");
  REQUIRE(purl.qualifier("distro"));
  CHECK(*purl.qualifier("distro") == "debian-12");
  CHECK_FALSE(purl.qualifier("epoch"));
  CHECK(purl.coordinates() == "deb/debian/openssl");
  CHECK(to_text(purl) == "pkg:deb/debian/openssl@3.0.11-1%2Bdeb12u2?arch=amd64&distro=debian-12");
  CHECK(expect(parse_purl(to_text(purl))) == purl);
}

TEST_CASE("a scope is no version, and names of PyPI have one spelling") {
  const auto scoped = expect(parse_purl("pkg:npm/@angular/core"));
  CHECK(scoped.namespace_ == "@angular");
  CHECK(scoped.version.empty());
  CHECK(expect(parse_purl("pkg:npm/%40angular/core@17.0.1")).version == "17.0.1");
  CHECK(to_text(expect(parse_purl("pkg:pypi/Ruamel_Yaml@0.18"))) == "pkg:pypi/ruamel-yaml@0.18");
}

TEST_CASE("what is no package URL is refused with the part that is wrong") {
  for (const auto& [text, part] : {std::pair("openssl@3.0", "begin with pkg:"),
                                   {"pkg:deb", "its name is missing"},
                                   {"pkg:deb/", "its name"},
                                   {"pkg:npm/@1.0", "its name"},
                                   {"pkg:9p/x", "its type"},
                                   {"pkg:deb/a%2", "hexadecimal"},
                                   {"pkg:deb/a%00b", "zero octet"},
                                   {"pkg:deb/a%2Fb/c", "slash inside"},
                                   {"pkg:deb/a?x", "has no value"},
                                   {"pkg:deb/a?x=1&X=2", "twice"},
                                   {"pkg:deb/a?a%20b=1", "key"}}) {
    const auto refused = parse_purl(text);
    INFO(text);
    REQUIRE_FALSE(refused);
    INFO(refused.error().message);
    CHECK(refused.error().message.find(part) != std::string::npos);
  }
  CHECK_FALSE(parse_purl("pkg:deb/" + std::string(purl_max, 'a')));
  CHECK(to_text(expect(parse_purl("pkg:deb/a?Arch=x"))) == "pkg:deb/a?arch=x");
}

}  // namespace muster::advisory
