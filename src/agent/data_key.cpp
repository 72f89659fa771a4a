#include "agent/data_key.h"

namespace muster::agent {

Result<DataKey> DataKey::open(Disk& disk) {
  TRY(const auto text, disk.read(file));
  if (text) {
    auto key = crypto::SealingKey::from(bytes_of(*text));
    if (!key) return fail(Fault::corrupt, std::string(file) + " is no key of this device's data");
    return DataKey(disk, std::move(*key));
  }
  TRY(auto key, crypto::SealingKey::generate());
  TRY_VOID(disk.write(file, text_of(key.secret())));
  return DataKey(disk, std::move(key));
}

Result<void> DataKey::destroy(Disk& disk) {
  return disk.shred(file);
}

std::string DataKey::id() const {
  return to_hex(key_.id());
}

Result<void> DataKey::keep(const std::string& name, ByteView plain) const {
  TRY(const auto sealed, key_.seal(plain, name));
  return disk_.write(name, text_of(sealed));
}

Result<std::optional<Bytes>> DataKey::kept(const std::string& name) const {
  TRY(const auto text, disk_.read(name));
  if (!text) return std::nullopt;
  TRY(auto plain, key_.open(bytes_of(*text), name));
  return plain;
}

}  // namespace muster::agent
