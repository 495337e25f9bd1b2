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
    for (int own = 1; own < count; ++own) threads_.emplace_back([this] { work(); });
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
      task_ = task, data_ = data, count_ = count, next_ = 0, busy_ = static_cast<int>(threads_.size());
      ++round_;
    }
    begins_.notify_all();
    take();
    // The others are within a task or about to see that none is left.
    while (busy_ != 0) std::this_thread::yield();
  }

 private:
  void take() {
    for (int own = next_++; own < count_; own = next_++) task_(data_, own);
  }

  void work() {
    int seen = 0;
    for (;;) {
      {
        // A frame has many steps: for a while it is quicker to look than to sleep.
        for (int look = 0; look < 20000 && round_ == seen && !ends_; ++look) std::this_thread::yield();
        std::unique_lock<std::mutex> lock(mutex_);
        begins_.wait(lock, [&] { return ends_ || round_ != seen; });
        if (ends_) return;
        seen = round_;
      }
      take();
      --busy_;
    }
  }

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable begins_;
  void (*task_)(void*, int) = nullptr;
  void* data_ = nullptr;
  int count_ = 0;
  std::atomic<int> next_{0}, round_{0}, busy_{0};
  std::atomic<bool> ends_{false};
};

#endif
