#pragma once

#include <atomic>
#include <string>

#include <signal.h>

#include "io/http/transfers.hpp"
#include "io/scripted_server.hpp"

namespace functionfuse::test {

/// Stands between a program and a real server, and kills the program at one of its requests: before
/// the server gets it, or when it has done what it was asked.
class Relay {
 public:
  enum class Kill { never, before, after };

  Relay(std::string server, Kill kill, std::size_t at)
      : server_(std::move(server)), kill_(kill), at_(at) {}

  [[nodiscard]] std::string endpoint() const { return scripted_.endpoint(); }
  /// Before the program's first request.
  void set_program(pid_t pid) { pid_ = pid; }
  [[nodiscard]] std::size_t count() const { return scripted_.count(); }
  /// What was asked of the server when it was killed: "PUT /bucket/key".
  [[nodiscard]] std::string request() const {
    const auto all = scripted_.requests();
    return at_ < all.size() ? all[at_].method + " " + all[at_].target : "none";
  }

 private:
  ScriptedReply answer(const ScriptedRequest& request, std::size_t number) {
    const Kill kill = number == at_ ? kill_ : Kill::never;
    if (kill == Kill::before) return end_program();
    const ScriptedReply reply = forward(request);
    return kill == Kill::after ? end_program() : reply;
  }

  ScriptedReply end_program() {
    while (pid_ == 0) std::this_thread::yield();
    ::kill(pid_, SIGKILL);
    return {.silent = true};
  }

  [[nodiscard]] ScriptedReply forward(const ScriptedRequest& request) const {
    io::http::Request call{.method = request.method, .url = server_ + request.target};
    for (const auto& [name, value] : request.headers) {  // with Host, which is signed
      if (name != "content-length" && name != "connection") call.headers.push_back({name, value});
    }
    call.body = std::as_bytes(std::span(request.body));
    std::vector<std::byte> body;
    call.target = {.bytes = &body, .most = std::size_t{1} << 30};
    io::http::Reply reply;
    io::http::Transfers transfers({});
    transfers.start(std::move(call), [&](io::http::Reply got) { reply = std::move(got); });
    transfers.run_until(0);
    ScriptedReply answer{.status = reply.status};
    answer.body = reply.good()
                      ? std::string(reinterpret_cast<const char*>(body.data()), body.size())
                      : reply.other_body;
    for (const io::http::Header& header : reply.headers) {
      if (header.name == "content-length") {
        if (request.method == "HEAD") answer.content_length = std::stoul(header.value);
      } else if (header.name != "connection" && header.name != "transfer-encoding") {
        answer.headers.emplace_back(header.name, header.value);
      }
    }
    answer.silent = reply.status == 0;
    return answer;
  }

  std::string server_;
  Kill kill_;
  std::size_t at_;
  std::atomic<pid_t> pid_ = 0;
  ScriptedServer scripted_{[this](const ScriptedRequest& request, std::size_t number) {
    return answer(request, number);
  }};
};

}  // namespace functionfuse::test
