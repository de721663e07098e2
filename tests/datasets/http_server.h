#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sac::test {

/// A small HTTP server on the loopback: serves strings by path, one request a connection, and misbehaves on demand.
class HttpServer {
 public:
  std::map<std::string, std::string> files;  ///< "/name" -> content; fill before the first request
  std::size_t cut_first_at = 0;              ///< the first answer stops after so many bytes of content; 0 = whole
  bool ranges = true;                        ///< answers "Range: bytes=N-"

  HttpServer() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    listen(listener_, 8);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  /// The requests so far: "GET /name" or "GET /name from N".
  [[nodiscard]] std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (int client = 0; (client = accept(listener_, nullptr, nullptr)) >= 0; close(client)) {
      std::string request;
      std::array<char, 4096> buffer{};
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = recv(client, buffer.data(), buffer.size(), 0);
        if (got <= 0) break;
        request.append(buffer.data(), static_cast<std::size_t>(got));
      }
      const std::string reply = answer(request);
      send(client, reply.data(), reply.size(), MSG_NOSIGNAL);
    }
  }

  std::string answer(const std::string& request) {
    const auto path_end = request.find(' ', 4);
    const std::string path = request.substr(4, path_end - 4);
    const auto range = request.find("Range: bytes=");
    const std::size_t from = range == std::string::npos ? 0 : std::stoul(request.substr(range + 13));
    const std::lock_guard lock(mutex_);
    requests_.push_back("GET " + path + (from > 0 ? " from " + std::to_string(from) : ""));
    const auto file = files.find(path);
    if (file == files.end()) return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    const std::size_t size = file->second.size();
    if (ranges && from >= size && from > 0) return "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n";
    const bool partial = ranges && from > 0;
    std::string body = file->second.substr(partial ? from : 0);
    std::string head = partial ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(from) + "-" +
                                     std::to_string(size - 1) + "/" + std::to_string(size) + "\r\n"
                               : "HTTP/1.1 200 OK\r\n";
    head += "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    if (cut_first_at > 0 && requests_.size() == 1) body.resize(cut_first_at);
    return head + body;
  }

  int listener_;
  std::string url_;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
};

}  // namespace sac::test
