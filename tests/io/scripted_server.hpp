#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/fd.hpp"

namespace functionfuse::test {

struct ScriptedRequest {
  std::string method, target;                  ///< the target as it came: /bucket/key?query
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

struct ScriptedReply {
  int status = 200;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::optional<std::size_t> content_length{};  ///< where it is not the body's
  bool close = false;                           ///< the connection, when all is sent
  bool silent = false;                          ///< closes it without a reply
  std::chrono::milliseconds delay{0};
};

/// An HTTP/1.1 server on 127.0.0.1 that answers as a function says. Keeps what it was asked.
class ScriptedServer {
 public:
  /// \param count  how many requests came before this one
  using Answer = std::function<ScriptedReply(const ScriptedRequest&, std::size_t count)>;
  /// After how many bytes of a body the connection is closed, if it has more.
  using Cut = std::function<std::size_t(std::size_t count)>;

  explicit ScriptedServer(Answer answer, Cut cut = {})
      : answer_(std::move(answer)), cut_(std::move(cut)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    listener_ = io::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(listener_.get(), raw, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), raw, &size) != 0) {
      throw std::runtime_error("no port for the scripted server");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this](std::stop_token stop) { accept_all(stop); });
  }
  ~ScriptedServer() {
    acceptor_ = {};
    connections_.clear();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<ScriptedRequest> requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }
  [[nodiscard]] std::size_t count() const { return requests().size(); }

 private:
  static bool readable(int fd, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd wanted{fd, POLLIN, 0};
      if (::poll(&wanted, 1, 20) > 0) return true;
    }
    return false;
  }

  void accept_all(const std::stop_token& stop) {
    while (readable(listener_.get(), stop)) {
      io::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      connections_.emplace_back([this, fd = std::move(fd)](std::stop_token stopped) {
        std::string buffer;
        while (serve(fd.get(), buffer, stopped)) {
        }
      });
    }
  }

  /// False: the connection ends.
  static bool read_more(int fd, std::string& buffer, const std::stop_token& stop) {
    char piece[65536];
    if (!readable(fd, stop)) return false;
    const auto n = ::recv(fd, piece, sizeof piece, 0);
    if (n > 0) buffer.append(piece, static_cast<std::size_t>(n));
    return n > 0;
  }

  static ScriptedRequest parse(const std::string& head) {
    ScriptedRequest request;
    const auto space = head.find(' ');
    request.method = head.substr(0, space);
    request.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
    for (auto at = head.find("\r\n"); at + 2 < head.size();) {
      const auto end = head.find("\r\n", at + 2);
      const std::string line = head.substr(at + 2, end - at - 2);
      const auto colon = line.find(':');
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      const auto first = line.find_first_not_of(' ', colon + 1);
      request.headers[name] = first == line.npos ? "" : line.substr(first);
      at = end;
    }
    return request;
  }

  bool serve(int fd, std::string& buffer, const std::stop_token& stop) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == buffer.npos) {
      if (!read_more(fd, buffer, stop)) return false;
    }
    ScriptedRequest request = parse(buffer.substr(0, end + 2));
    buffer.erase(0, end + 4);
    const auto length = request.headers.find("content-length");
    const std::size_t wanted = length == request.headers.end() ? 0 : std::stoul(length->second);
    std::size_t count = 0;
    {
      std::lock_guard lock(mutex_);
      count = requests_.size();
      requests_.push_back(request);
    }
    const std::size_t cut = cut_ ? cut_(count) : wanted;
    while (buffer.size() < std::min(wanted, cut)) {
      if (!read_more(fd, buffer, stop)) return false;
    }
    if (cut < wanted) return false;
    request.body = buffer.substr(0, wanted);
    buffer.erase(0, wanted);
    {
      std::lock_guard lock(mutex_);
      requests_[count].body = request.body;
    }
    return reply_to(fd, request, answer_(request, count), stop);
  }

  static bool reply_to(int fd, const ScriptedRequest& request, const ScriptedReply& reply,
                       const std::stop_token& stop) {
    for (auto left = reply.delay; left.count() > 0 && !stop.stop_requested();
         left -= std::chrono::milliseconds(10)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    if (reply.silent) return false;
    std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " Scripted\r\n";
    const bool empty = reply.status == 204 || reply.status == 304;
    if (!empty) {
      text +=
          "Content-Length: " + std::to_string(reply.content_length.value_or(reply.body.size())) +
          "\r\n";
    }
    for (const auto& [name, value] : reply.headers) text += name + ": " + value + "\r\n";
    text += "\r\n";
    if (request.method != "HEAD" && !empty) text += reply.body;
    for (std::size_t sent = 0; sent < text.size();) {
      const auto n = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    return !reply.close;
  }

  Answer answer_;
  Cut cut_;
  io::Fd listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<ScriptedRequest> requests_;  // guarded by mutex_
  std::list<std::jthread> connections_;    // of the acceptor, until that has ended
  std::jthread acceptor_;
};

}  // namespace functionfuse::test
