#include "gateway/internal/codings.h"

#include <catch2/catch.hpp>

using namespace muster::gateway;

TEST_CASE("a coding is accepted by its name, unless its quality is nothing") {
  CHECK(accepts("zstd", "zstd"));
  CHECK(accepts("gzip, dcz;q=0.5 , ZSTD", "zstd"));
  CHECK(accepts("gzip, dcz;q=0.5", "dcz"));
  CHECK_FALSE(accepts("zstd;q=0, dcz; q=0.000", "zstd"));
  CHECK_FALSE(accepts("zstd;q=0, dcz; q=0.000", "dcz"));
  CHECK_FALSE(accepts("", "zstd"));
  CHECK_FALSE(accepts("*", "zstd"));
  CHECK_FALSE(accepts("zstdx,, ,", "zstd"));
}

TEST_CASE("a dictionary is a SHA-256 between colons") {
  CHECK(dictionary_of(" :47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=: ") ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (const char* bad : {"", ":", "::", ":47DE:", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
                          ":47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF!=:"})
    CHECK(dictionary_of(bad).empty());
}

TEST_CASE("a tag is found in a list, weak or not") {
  CHECK(lists("\"a\"", "\"a\""));
  CHECK(lists("\"b\", W/\"a\"", "\"a\""));
  CHECK_FALSE(lists("\"ab\"", "\"a\""));
  CHECK_FALSE(lists("", "\"a\""));
}
