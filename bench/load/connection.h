// load/connection -- one device's end of a mutual TLS 1.3 connection, as cheap as it can be made:
// it is the stimulus, not what is measured. The server's certificate is not judged.
//
// All devices share one SSL_CTX; each brings its own key and certificate. write() hands the bytes
// to TLS at once. Loop thread.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "load/identities.h"
#include "net/loop.h"

namespace muster::load {

class Tls {
 public:
  Tls();
  ~Tls();
  Tls(const Tls&) = delete;
  SSL* connection(int fd, const Identity&) const;

 private:
  SSL_CTX* context_;
};

class Connection : private net::Loop::Watcher {
 public:
  // To 127.0.0.1. window: octets that the kernel takes for it before they are read; 0: its own
  // mind.
  Connection(net::Loop&, const Tls&, const Identity&, std::uint16_t port, int window = 0);
  virtual ~Connection();
  Connection(const Connection&) = delete;

  void write(ByteView);
  bool alive() const { return fd_ >= 0; }

 protected:
  virtual void opened() = 0;
  virtual std::size_t received(ByteView) = 0;         // returns how many it used
  virtual void ended(const std::string& reason) = 0;  // once; the peer closed or something broke
  void hold(bool);                                    // reads nothing meanwhile
  net::Loop& loop_;
  const Identity& identity_;

 private:
  void on_ready(std::uint32_t) override;
  void shake();
  void read();
  void flush();
  void end(const std::string& reason);

  int fd_ = -1;
  SSL* ssl_ = nullptr;
  bool open_ = false;
  std::uint32_t interest_ = 0;
  std::string outbox_;
  Bytes unread_;
};

}  // namespace muster::load
