// pkcs11/test_softhsm -- for tests only: SoftHSM2 with tokens of its own in a temporary folder,
// gone with its owner. Sets SOFTHSM2_CONF: one at a time in a process. The test's thread.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/test_folder.h"
#include "base/test_process.h"

namespace muster::pkcs11 {

class SoftHsm {
 public:
  static constexpr const char* module = "/usr/lib/softhsm/libsofthsm2.so";
  static constexpr const char* the_pin = "2846-right";

  SoftHsm() {
    std::filesystem::create_directory(tokens());
    std::ofstream(file("softhsm2.conf")) << "directories.tokendir = " << tokens().string()
                                         << "\nobjectstore.backend = file\nlog.level = ERROR\n";
    ::setenv("SOFTHSM2_CONF", file("softhsm2.conf").c_str(), 1);
    write_pin(the_pin);
    add_token("fleet");
  }
  SoftHsm(const SoftHsm&) = delete;

  void add_token(const std::string& label) const {
    run({"softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "11111111",
         "--pin", the_pin});
  }
  void write_pin(const std::string& pin, mode_t mode = 0600) const {
    std::ofstream(file("pin")) << pin << '\n';
    ::chmod(file("pin").c_str(), mode);
  }
  void run(std::vector<std::string> words) const {
    if (exit_code_of(start_quietly(words)) != 0)
      give_up({Fault::unavailable, words[0] + " failed", ""});
  }

  // Of an object in the token; "" for the token alone.
  std::string uri(const std::string& object, const std::string& token = "fleet") const {
    return "pkcs11:token=" + token + (object.empty() ? "" : ";object=" + object) +
           "?module-path=" + module + "&pin-source=file:" + file("pin");
  }
  std::filesystem::path tokens() const { return folder_.path / "tokens"; }
  std::string file(const char* name) const { return (folder_.path / name).string(); }

 private:
  TestFolder folder_;
};

}  // namespace muster::pkcs11
