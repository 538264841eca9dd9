// Core gives the same for the same: no clock, randomness, thread, file or process, by whatever name or back door the
// standard library has them. What Core sees of C is held to its own headers.

/// Of the standard library and of what is always there, what is no value.
private let impure: Set<String> = [
    // Clocks.
    "ContinuousClock", "SuspendingClock", "Date", "DispatchTime", "clock_gettime", "gettimeofday",
    // Randomness that nobody seeded.
    "SystemRandomNumberGenerator", "arc4random", "getrandom",
    // Threads.
    "Task", "TaskGroup", "Thread", "DispatchQueue", "MainActor", "actor", "async", "await", "withTaskGroup",
    "withThrowingTaskGroup", "withUnsafeContinuation", "withCheckedContinuation",
    // Files, streams and the process.
    "FileHandle", "FileManager", "CommandLine", "ProcessInfo", "Process", "getenv", "dlsym", "dlopen",
    // Functions that Swift does not know, by their symbol.
    "_silgen_name", "_extern", "_cdecl",
]

/// Functions without a receiver; a method or a declaration of the same name is another thing.
private let impureFunctions: Set<String> = ["print", "debugPrint", "dump", "readLine"]

/// Functions that take their randomness from the system where none is handed to them.
private let randomFunctions: Set<String> = ["random", "randomElement", "shuffle", "shuffled"]

/// Back doors out of Core.
func impurities(_ file: File) -> [Untidy] {
    guard file.path.hasPrefix("Sources/Core/"), file.ending == "swift" else { return [] }
    var found: [Untidy] = []
    var last = ""
    for identifier in identifiers(in: file.code) {
        defer { last = identifier.name }
        let name = identifier.name
        let isMember = identifier.before == UInt8(ascii: ".")
        if impure.contains(name), !isMember || name.first?.isUppercase == true {
            found.append(Untidy(file.path, line: identifier.line, "Core has no \(name)"))
        } else if impureFunctions.contains(name), !isMember, last != "func", identifier.opensList {
            found.append(Untidy(file.path, line: identifier.line, "Core has no \(name)"))
        } else if randomFunctions.contains(name), isMember, identifier.opensList,
            identifier.list.firstRange(of: "using:") == nil
        {
            found.append(
                Untidy(file.path, line: identifier.line, "\(name) without `using:` is not the caller's seed"))
        }
    }
    return found
}

/// The headers that kernels may see: types, bytes and instructions.
private let kernelHeaders: Set<String> = [
    "stdint.h", "stddef.h", "stdbool.h", "string.h", "immintrin.h", "emmintrin.h", "xmmintrin.h",
    "pmmintrin.h",
    "tmmintrin.h", "smmintrin.h", "nmmintrin.h", "wmmintrin.h", "arm_neon.h", "arm_acle.h",
]

/// What the kernels that Core sees reach for beside their own files.
/// - Parameter own: the names of the kernels' own headers.
func kernelIncludes(_ file: File, own: Set<String>) -> [Untidy] {
    guard file.path.hasPrefix("Sources/System/CSIMD/"), file.isCompiled else { return [] }
    var found: [Untidy] = []
    let directive = /^\s*#\s*(include|import|include_next)\b\s*(.*)$/
    for (index, line) in file.lines.enumerated() {
        guard let match = line.firstMatch(of: directive) else { continue }
        let named = match.output.2.firstMatch(of: /^(?:<([^>]+)>|"([^"]+)")/)
        let isAllowed =
            named.map { name in
                name.output.1.map { kernelHeaders.contains(String($0)) }
                    ?? name.output.2.map { own.contains(String($0)) } ?? false
            } ?? false
        if !isAllowed || match.output.1 != "include" {
            found.append(Untidy(file.path, line: index + 1, "kernels see no \(match.output.2)"))
        }
    }
    // A declaration of one's own would do without the header.
    for identifier in identifiers(in: file.code) where ["extern", "asm", "__asm__"].contains(identifier.name)
    {
        found.append(Untidy(file.path, line: identifier.line, "kernels have no \(identifier.name)"))
    }
    return found
}
