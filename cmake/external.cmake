# Every library that is not ours. A module names the ones it hides under WRAPS; docs/dependencies.md says why each.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(PkgConfig REQUIRED)
pkg_check_modules(simdjson REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-cpp)
find_package(CLI11 REQUIRED)
find_package(Catch2 2.13 REQUIRED)
find_package(benchmark REQUIRED)

add_library(external_crypto INTERFACE)
target_link_libraries(external_crypto INTERFACE OpenSSL::Crypto OpenSSL::SSL)
add_library(external_http INTERFACE)   # Beast's parser and serialiser, without its sockets
target_link_libraries(external_http INTERFACE Boost::headers)
add_library(external_json INTERFACE)
target_link_libraries(external_json INTERFACE Boost::json PkgConfig::simdjson)
add_library(external_sqlite INTERFACE)
target_link_libraries(external_sqlite INTERFACE SQLite::SQLite3)
add_library(external_threads INTERFACE)
target_link_libraries(external_threads INTERFACE Threads::Threads)
add_library(external_yaml INTERFACE)
target_link_libraries(external_yaml INTERFACE PkgConfig::yaml)

# Catch2 2.13 has no library with a main of its own.
file(WRITE ${PROJECT_BINARY_DIR}/catch_main.cpp "#define CATCH_CONFIG_MAIN\n#include <catch2/catch.hpp>\n")
add_library(catch_main STATIC ${PROJECT_BINARY_DIR}/catch_main.cpp)
target_link_libraries(catch_main PUBLIC Catch2::Catch2)
