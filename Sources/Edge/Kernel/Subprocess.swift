// Another program, run to its end with our own streams and environment.
internal import Glibc

extension Kernel {
    /// What it ended with; of a signal 128 and its number, as shells say it. The program is looked for in PATH.
    public static func run(_ program: String, _ arguments: [String]) throws(Errno) -> Int32 {
        let words = ([program] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        var process = pid_t()
        let failure = posix_spawnp(&process, program, nil, nil, words + [nil], environ)
        guard failure == 0 else { throw Errno(failure) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw Errno(errno) }
        }
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }
}
