// Streams for C simulation: hls::stream<T> and hls::stream<T, DEPTH>.
//
// Source-compatible with the part of AMD Vitis' header of this name that generated HLS C++ uses.
// * Reading an empty stream prints its name and aborts. Words left in a stream when it is destroyed end the program
//   with exit code 1; hls::sim::leftovers() tells about streams that are still alive.
// * By default streams are unbounded and processes run one after the other, each to its end.
// * With -DQNN_SIM_DEPTHS (link with -pthread), hls::sim::run({p, q, ...}) runs processes as threads that block on
//   empty and on full streams (depth: template argument or set_depth; 0 is unbounded). Exactly one thread runs at a
//   time, until it blocks, so every run is alike. When all are blocked the program names the streams and aborts.
//   hls::sim::occupancies() tells depth and maximum occupancy by name, for streams gone too. Outside of
//   hls::sim::run, as in a testbench that fills an input, streams are unbounded in this mode as well.
#ifndef QNN_SIM_HLS_STREAM_H
#define QNN_SIM_HLS_STREAM_H

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>
#ifdef QNN_SIM_DEPTHS
#include <condition_variable>
#include <thread>
#endif

namespace hls {
namespace sim {

struct occupancy {
  std::size_t depth, max_size;
};

class stream_base;

// All living streams, and what was seen of those that are gone.
struct registry {
  std::mutex lock;
  stream_base* first = nullptr;
  std::map<std::string, occupancy> seen;

  static registry& get() {
    static registry* all = new registry();  // never destroyed: static streams outlive any static object
    return *all;
  }
};

class stream_base {
 public:
  explicit stream_base(std::string name) : name_(std::move(name)) {
    registry& all = registry::get();
    std::lock_guard<std::mutex> guard(all.lock);
    next_ = all.first;
    if (next_) next_->previous_ = this;
    all.first = this;
  }
  stream_base(const stream_base&) = delete;
  stream_base& operator=(const stream_base&) = delete;

  virtual std::size_t size() const = 0;
  const std::string& name() const { return name_; }
  void set_name(const char* name) { name_ = name; }
  std::size_t depth() const { return depth_; }
  void set_depth(std::size_t depth) { depth_ = depth; }
  // The most words ever held.
  std::size_t max_size() const { return max_size_; }

  // Whether words are left, with a message.
  bool complain() const {
    if (size() == 0) return false;
    std::fflush(stdout);
    std::fprintf(stderr, "error: stream '%s' still holds %zu words at the end\n", name_.c_str(), size());
    return true;
  }
  stream_base* next() const { return next_; }

 protected:
  ~stream_base() {
    registry& all = registry::get();
    std::lock_guard<std::mutex> guard(all.lock);
    if (next_) next_->previous_ = previous_;
    (previous_ ? previous_->next_ : all.first) = next_;
#ifdef QNN_SIM_DEPTHS
    note(all.seen);
#endif
  }
  [[noreturn]] void read_of_empty() const {
    std::fflush(stdout);
    std::fprintf(stderr, "error: read of empty stream '%s'\n", name_.c_str());
    std::abort();
  }

  std::size_t max_size_ = 0;

 private:
  friend std::map<std::string, occupancy> occupancies();
  void note(std::map<std::string, occupancy>& seen) const {
    occupancy& o = seen[name_];
    o = {std::max(o.depth, depth_), std::max(o.max_size, max_size_)};
  }

  std::string name_;
  std::size_t depth_ = 0;
  stream_base* next_ = nullptr;
  stream_base* previous_ = nullptr;
};

// The number of living streams that hold words, each named on stderr. A testbench that is done returns failure if any.
inline int leftovers() {
  registry& all = registry::get();
  std::lock_guard<std::mutex> guard(all.lock);
  int n = 0;
  for (const stream_base* s = all.first; s; s = s->next()) n += s->complain();
  return n;
}

// By name: depth and maximum occupancy, the maximum over all streams of one name. Streams that are gone are counted
// in with QNN_SIM_DEPTHS only.
inline std::map<std::string, occupancy> occupancies() {
  registry& all = registry::get();
  std::lock_guard<std::mutex> guard(all.lock);
  std::map<std::string, occupancy> seen = all.seen;
  for (const stream_base* s = all.first; s; s = s->next()) s->note(seen);
  return seen;
}

#ifndef QNN_SIM_DEPTHS

// One process after the other: what a dataflow region does in C simulation.
inline void run(const std::vector<std::function<void()>>& processes) {
  for (const std::function<void()>& p : processes) p();
}

#else

// Processes as threads that pass on one baton: a process runs until it blocks or ends.
class scheduler {
 public:
  explicit scheduler(const std::vector<std::function<void()>>& bodies) : processes_(bodies.size()) {
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      process* p = &processes_[i];
      p->owner = this;
      p->thread = std::thread([p, &bodies, i] {
        self() = p;
        p->owner->await_baton(*p);
        bodies[i]();
        p->owner->finish(*p);
      });
    }
    {
      std::lock_guard<std::mutex> guard(lock_);
      pass_on();
    }
    for (process& p : processes_) p.thread.join();
  }

  // Blocks the calling process until the stream has a word (or space for one). False outside of a process.
  static bool block(const stream_base& s, bool for_space) {
    process* p = self();
    if (!p) return false;
    scheduler& all = *p->owner;
    {
      std::lock_guard<std::mutex> guard(all.lock_);
      p->waits_for = &s;
      p->for_space = for_space;
      p->has_baton = false;
      all.pass_on();
    }
    all.await_baton(*p);
    return true;
  }

 private:
  struct process {
    scheduler* owner = nullptr;
    std::thread thread;
    std::condition_variable wake;
    bool has_baton = false, done = false, for_space = false;
    const stream_base* waits_for = nullptr;

    bool ready() const {
      if (done) return false;
      if (!waits_for) return true;
      return for_space ? waits_for->size() < waits_for->depth() : waits_for->size() > 0;
    }
  };

  static process*& self() {
    static thread_local process* p = nullptr;
    return p;
  }
  void await_baton(process& p) {
    std::unique_lock<std::mutex> guard(lock_);
    p.wake.wait(guard, [&p] { return p.has_baton; });
    p.waits_for = nullptr;
  }
  void finish(process& p) {
    std::lock_guard<std::mutex> guard(lock_);
    p.done = true;
    p.has_baton = false;
    pass_on();
  }
  // Hands the baton to the next process in turn that can go on. The lock is held.
  void pass_on() {
    for (std::size_t k = 0; k < processes_.size(); ++k) {
      turn_ = (turn_ + 1) % processes_.size();
      process& p = processes_[turn_];
      if (!p.ready()) continue;
      p.has_baton = true;
      p.wake.notify_one();
      return;
    }
    bool all_done = true;
    for (const process& p : processes_) all_done = all_done && p.done;
    if (!all_done) deadlock();
  }
  [[noreturn]] void deadlock() const {
    std::fflush(stdout);
    std::fprintf(stderr, "error: deadlock:");
    const char* separator = " ";
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      const process& p = processes_[i];
      if (p.done) continue;
      std::fprintf(stderr, "%sprocess %zu waits for %s in stream '%s' (depth %zu)", separator, i,
                   p.for_space ? "space" : "a word", p.waits_for->name().c_str(), p.waits_for->depth());
      separator = ", ";
    }
    std::fprintf(stderr, "\n");
    std::abort();
  }

  std::mutex lock_;
  std::vector<process> processes_;
  std::size_t turn_ = std::size_t(-1);  // so that the first process is first
};

inline void run(const std::vector<std::function<void()>>& processes) { scheduler run_all(processes); }

#endif

}  // namespace sim

template <typename T, int DEPTH = 0>
class stream;

// Words lie in [read_, write_) of one buffer; when its end is reached they move to its start, or to a larger one.
template <typename T>
class stream<T, 0> : public sim::stream_base {
 public:
  typedef T value_type;

  stream() : sim::stream_base("unnamed") {}
  explicit stream(const char* name) : sim::stream_base(name) {}
  explicit stream(const std::string& name) : sim::stream_base(name) {}
  ~stream() {
    // An exception on its way explains the words left, and has its own message.
    if (!empty() && !std::uncaught_exception()) {
      complain();
      std::fflush(nullptr);
      std::_Exit(EXIT_FAILURE);
    }
  }

  bool empty() const { return read_ == write_; }
  std::size_t size() const override { return std::size_t(write_ - read_); }
  bool full() const {
#ifdef QNN_SIM_DEPTHS
    return depth() != 0 && size() >= depth();
#else
    return false;
#endif
  }
  std::size_t capacity() const { return depth(); }

  void write(const T& x) {
#ifdef QNN_SIM_DEPTHS
    if (full()) sim::scheduler::block(*this, true);
#endif
    if (write_ == end_) make_room();
    *write_++ = x;
    if (size() > max_size_) max_size_ = size();
  }
  T read() {
    if (empty()) wait_for_word();
    return std::move(*read_++);
  }
  void read(T& x) { x = read(); }
  bool read_nb(T& x) {
    if (empty()) return false;
    x = read();
    return true;
  }
  bool write_nb(const T& x) {
    if (full()) return false;
    write(x);
    return true;
  }
  void operator<<(const T& x) { write(x); }
  void operator>>(T& x) { x = read(); }

 private:
  void wait_for_word() {
#ifdef QNN_SIM_DEPTHS
    if (sim::scheduler::block(*this, false)) return;
#endif
    read_of_empty();
  }
  void make_room() {
    const std::size_t used = size();
    const std::size_t room = std::size_t(end_ - buffer_.get());
    if (2 * used > room || room == 0) {
      const std::size_t larger = std::max<std::size_t>(2 * room, 64);
      std::unique_ptr<T[]> buffer(new T[larger]);
      std::move(read_, write_, buffer.get());
      buffer_ = std::move(buffer);
      end_ = buffer_.get() + larger;
    } else {
      std::move(read_, write_, buffer_.get());
    }
    read_ = buffer_.get();
    write_ = read_ + used;
  }

  std::unique_ptr<T[]> buffer_;
  T* read_ = nullptr;
  T* write_ = nullptr;
  T* end_ = nullptr;
};

template <typename T, int DEPTH>
class stream : public stream<T, 0> {
 public:
  stream() { this->set_depth(DEPTH); }
  explicit stream(const char* name) : stream<T, 0>(name) { this->set_depth(DEPTH); }
  explicit stream(const std::string& name) : stream<T, 0>(name) { this->set_depth(DEPTH); }
};

}  // namespace hls

#endif
