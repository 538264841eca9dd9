// A journal that an earlier start wrote and none writes any more, such as that of a shard too many: it is kept
// within the bounds of the others, as nobody else would look after it. What its last segment lacks stays missing.
import Glibc
import Kernel
import Units

enum FormerJournal {
    /// Removes segments that are too old or too much, the oldest first. Answers how many; what cannot be looked
    /// at now, or is in use after all, is left for the next time.
    static func retain(in directory: String, bytes limit: Int, for age: Interval, now: Instant) -> Int {
        do {
            let lock = try Kernel.open("\(directory)/\(SegmentFiles.lockName)", O_RDWR | O_CREAT)
            defer { Kernel.close(lock) }
            try Kernel.lock(lock)
            var segments = try SegmentFiles.segments(in: directory).map { segment throws(Errno) in
                (path: segment.path, stamp: try Kernel.stamp(of: segment.path))
            }[...]
            var bytes = segments.reduce(0) { $0 + Int($1.stamp.size) }
            var removed = 0
            while let first = segments.first,
                bytes > limit || now - Instant(nanoseconds: first.stamp.modifiedNanoseconds) > age
            {
                guard Kernel.remove(first.path) == 0 else { break }
                bytes -= Int(first.stamp.size)
                segments.removeFirst()
                removed += 1
            }
            return removed
        } catch {
            return 0
        }
    }
}
