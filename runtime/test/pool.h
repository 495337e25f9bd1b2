// Threads that wait for work between frames.
#ifndef CERAS_TEST_POOL_H
#define CERAS_TEST_POOL_H

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "ceras/ceras.hpp"

class Threads : public ceras::Pool {
 public:
  explicit Threads(int count) {
    for (int own = 1; own < count; ++own) threads_.emplace_back([this, own] { work(own); });
  }
  ~Threads() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ends_ = true;
    }
    begins_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  int threads() const override { return static_cast<int>(threads_.size()) + 1; }

  void run(int count, void (*task)(void*, int), void* data) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      task_ = task, data_ = data, count_ = count, busy_ = static_cast<int>(threads_.size());
      ++round_;
    }
    begins_.notify_all();
    take(0);
    // The others are within a task or about to see that none is left.
    for (int look = 0; busy_ != 0; ++look) pause(look);
  }

 private:
  // Lets the other thread of a core go on, and now and then another thread of the system.
  static void pause(int look) {
#if defined(__x86_64__) && defined(__GNUC__)
    if (look % 256 != 255) return __builtin_ia32_pause();
#endif
    std::this_thread::yield();
    static_cast<void>(look);
  }

  // The same thread for the same index, whose data it has in its cache.
  void take(int own) {
    for (int index = own; index < count_; index += threads()) task_(data_, index);
  }

  void work(int own) {
    int seen = 0;
    for (;;) {
      {
        // A frame has many steps: for a while it is quicker to look than to sleep.
        for (int look = 0; look < 20000 && round_ == seen && !ends_; ++look) pause(look);
        std::unique_lock<std::mutex> lock(mutex_);
        begins_.wait(lock, [&] { return ends_ || round_ != seen; });
        if (ends_) return;
        seen = round_;
      }
      take(own);
      --busy_;
    }
  }

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable begins_;
  void (*task_)(void*, int) = nullptr;
  void* data_ = nullptr;
  int count_ = 0;
  std::atomic<int> round_{0}, busy_{0};
  std::atomic<bool> ends_{false};
};

#endif
