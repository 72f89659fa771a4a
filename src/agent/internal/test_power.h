// agent/internal/test_power -- for tests: power that goes at the n-th change of anything that
// lasts, before it, after it or in its middle, and a disk that lives by it. The test's
// thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "agent/disk.h"
#include "base/random.h"

namespace muster::agent {

class Power {
 public:
  // done: the change that the power goes at is made whole, only nobody is told.
  void cut_at(int changes, bool done, SeededRandom& random) {
    left_ = changes;
    done_ = done;
    chance_ = &random;
    on_ = true;
  }
  void restore() {
    on_ = true;
    left_ = -1;
  }
  bool on() const { return on_; }
  int changes() const { return changes_; }
  SeededRandom& chance() { return *chance_; }

  static std::unexpected<Error> dark() { return fail(Fault::unavailable, "the power is gone"); }
  // half: what is left of a change that was cut in its middle; one that is whole or not at all
  // leaves nothing.
  template <class Change, class Half>
  Result<void> change(Change apply, Half half) {
    if (!on_) return dark();
    if (left_ == 0) {
      on_ = false;
      if (done_)
        apply();
      else
        half();
      return dark();
    }
    if (left_ > 0) --left_;
    ++changes_;
    apply();
    return {};
  }
  template <class Change>
  Result<void> change(Change apply) {
    return change(apply, [] {});
  }

 private:
  SeededRandom* chance_ = nullptr;
  int left_ = -1, changes_ = 0;
  bool on_ = true, done_ = false;
};

// What was appended and not synced survives in part.
class FragileDisk final : public Disk {
 public:
  explicit FragileDisk(Power& power) : power_(power) {}

  void come_back() {  // after a cut
    for (auto& [name, file] : files_) {
      if (file.synced == file.bytes.size()) continue;
      file.bytes.resize(file.synced + power_.chance().below(file.bytes.size() - file.synced + 1));
      if (file.bytes.size() > file.synced && power_.chance().below(3) == 0)
        file.bytes.back() = '\0';  // the length was written, the content was not
      file.synced = file.bytes.size();
    }
  }
  std::string content(const std::string& name) const {
    const auto at = files_.find(name);
    return at == files_.end() ? "" : at->second.bytes;
  }

  Result<std::optional<std::string>> read(const std::string& name) const override {
    if (!power_.on()) return Power::dark();
    const auto at = texts_.find(name);
    if (at == texts_.end()) return std::nullopt;
    return at->second;
  }
  Result<void> write(const std::string& name, std::string_view text) override {
    return power_.change([&] { texts_[name] = std::string(text); });
  }
  Result<void> append(const std::string& name, ByteView bytes) override {
    return power_.change([&] { files_[name].bytes.append(text_of(bytes)); });
  }
  Result<void> sync(const std::string& name) override {
    return power_.change([&] { files_[name].synced = files_[name].bytes.size(); });
  }
  Result<void> move(const std::string& from, const std::string& to) override {
    return power_.change([&] {
      files_[to] = files_.at(from);
      files_.erase(from);
    });
  }
  Result<void> remove(const std::string& name) override {
    return power_.change([&] {
      texts_.erase(name);
      files_.erase(name);
    });
  }
  Result<void> shred(const std::string& name) override { return remove(name); }
  Result<std::uint64_t> size(const std::string& name) const override {
    if (!power_.on()) return Power::dark();
    const auto at = files_.find(name);
    return at == files_.end() ? 0 : at->second.bytes.size();
  }
  Result<crypto::Hash> digest(const std::string& name) const override {
    if (!power_.on()) return Power::dark();
    const auto at = files_.find(name);
    if (at == files_.end()) return fail(Fault::missing, "there is no " + name);
    return crypto::sha256(bytes_of(at->second.bytes));
  }
  Result<Bytes> read_at(const std::string& name, std::uint64_t from,
                        std::size_t most) const override {
    if (!power_.on()) return Power::dark();
    const std::string all = content(name);
    const auto part = std::string_view(all).substr(std::min<std::uint64_t>(from, all.size()), most);
    return Bytes(part.begin(), part.end());
  }
  bool keeps_octets() const override { return true; }
  std::filesystem::path path(const std::string& name) const override { return "/device/" + name; }

 private:
  struct File {
    std::string bytes;
    std::size_t synced = 0;
  };
  Power& power_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, File> files_;
};

}  // namespace muster::agent
