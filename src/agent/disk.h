// agent/disk -- what a device remembers over power cuts: small texts, and files that grow.
//
// A text is written whole or not at all, and is durable when write() returns (temporary file,
// fsync, rename, fsync of the folder). A file grows by append(), which is durable only after
// sync(): after a cut, what was appended since may be there, in part, or not, so who reads it
// checks its digest. Names are relative, with at most one folder ("a/artifact").
//
// A disk belongs to one agent and its thread. Calls block: texts are a few kilobytes, pieces of a
// download are too. It never decides what is written when; that is the updater's business.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace muster::agent {

class Disk {
 public:
  virtual ~Disk() = default;
  virtual Result<std::optional<std::string>> read(const std::string& name) const = 0;  // a text
  virtual Result<void> write(const std::string& name, std::string_view text) = 0;
  virtual Result<void> append(const std::string& name, ByteView) = 0;
  virtual Result<void> sync(const std::string& name) = 0;
  virtual Result<void> move(const std::string& from, const std::string& to) = 0;  // durable
  virtual Result<void> remove(const std::string& name) = 0;  // harmless when it is not there
  // Overwritten with random octets, synced and removed. What it was may all the same be left on a
  // disk that writes elsewhere than it is told, as flash does. Harmless when it is not there.
  virtual Result<void> shred(const std::string& name) = 0;
  virtual Result<std::uint64_t> size(const std::string& name) const = 0;  // 0: not there
  virtual Result<crypto::Hash> digest(const std::string& name) const = 0;
  // Of a file, from an offset on, at most so many octets; none at its end. Unavailable where octets
  // are not kept.
  virtual Result<Bytes> read_at(const std::string& name, std::uint64_t from,
                                std::size_t most) const;
  virtual bool keeps_octets() const { return false; }
  // Where a command finds it; empty when it is in no file system.
  virtual std::filesystem::path path(const std::string& name) const = 0;
};

// Files below one folder (0700), each 0600.
class FolderDisk final : public Disk {
 public:
  static Result<FolderDisk> open(std::filesystem::path folder);  // makes it when missing
  Result<std::optional<std::string>> read(const std::string& name) const override;
  Result<void> write(const std::string& name, std::string_view text) override;
  Result<void> append(const std::string& name, ByteView) override;
  Result<void> sync(const std::string& name) override;
  Result<void> move(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& name) override;
  Result<void> shred(const std::string& name) override;
  Result<std::uint64_t> size(const std::string& name) const override;
  Result<crypto::Hash> digest(const std::string& name) const override;
  Result<Bytes> read_at(const std::string& name, std::uint64_t from,
                        std::size_t most) const override;
  bool keeps_octets() const override { return true; }
  std::filesystem::path path(const std::string& name) const override { return folder_ / name; }

 private:
  explicit FolderDisk(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

// Lives as long as the process. Of a file it keeps size and digest, not the bytes, so that
// thousands of devices may hold the same large artifact.
class MemoryDisk final : public Disk {
 public:
  Result<std::optional<std::string>> read(const std::string& name) const override;
  Result<void> write(const std::string& name, std::string_view text) override;
  Result<void> append(const std::string& name, ByteView) override;
  Result<void> sync(const std::string& name) override;
  Result<void> move(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& name) override;
  Result<void> shred(const std::string& name) override;
  Result<std::uint64_t> size(const std::string& name) const override;
  Result<crypto::Hash> digest(const std::string& name) const override;
  std::filesystem::path path(const std::string&) const override { return {}; }

 private:
  struct File {
    std::uint64_t size = 0;
    mutable std::unique_ptr<crypto::Sha256> running = {};  // until the digest is asked for
    mutable crypto::Hash digest{};
  };
  std::map<std::string, std::string> texts_;
  std::map<std::string, File> files_;
};

}  // namespace muster::agent
