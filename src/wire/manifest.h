// wire/manifest -- the list of devices that an owner expects, as a maker or an installer writes it.
//
// JSON:  {"format":"muster-manifest-1","owner":"City of X","devices":[{"id":"m-1","model":"meter",
//         "serial":"A1","groups":["north"],"risk":"high","token_sha256":"<64 hex digits>",
//         "idevid_sha256":"<64 hex digits>","ek_sha256":"<64 hex digits>"}]}
//        of a device, only id and model are required.
// CSV:   id,model,serial,groups,risk,token_sha256,idevid_sha256,ek_sha256   this line first, with
// or
//        m-1,meter,A1,north;pilot,high,,,                                   without the last one or
//        two columns; groups apart by ;, an empty field is not told
//
// One bad row refuses the whole manifest, and names the row: the first device is row 1. Pure
// functions; any thread. Whether the text is signed, and by whom, is the caller's question. Format:
// docs/formats/manifest.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "base/result.h"

namespace muster::wire {

struct ManifestDevice {
  DeviceId id;
  ModelId model;
  std::string serial = {};               // at most 128 bytes, no comma or quote; empty if not told
  std::vector<std::string> groups = {};  // names, sorted, each once; at most 32
  std::string risk = {};                 // low, moderate, high or critical; empty if not told
  std::optional<Bytes> token_sha256 = {};   // of the one-time token, 32 bytes
  std::optional<Bytes> idevid_sha256 = {};  // of the birth certificate's DER, 32 bytes
  std::optional<Bytes> ek_sha256 = {};      // of the endorsement key's SubjectPublicKeyInfo
  bool operator==(const ManifestDevice&) const = default;
};

struct Manifest {
  std::string owner;  // empty in CSV
  std::vector<ManifestDevice> devices;
  bool operator==(const Manifest&) const = default;
};

constexpr std::size_t manifest_max = 64 * 1024 * 1024;  // bytes of text
constexpr std::size_t manifest_devices_max = 200'000;

Result<Manifest> parse_manifest(std::string_view text);  // JSON if it begins with "{", else CSV

// For tests and fuzzers: what is written is read to the same.
std::string to_json_text(const Manifest&);
std::string to_csv_text(const Manifest&);

}  // namespace muster::wire
