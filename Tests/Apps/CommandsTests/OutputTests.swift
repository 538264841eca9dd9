// Printing over streams that take only a part, or break.
import Foundation
import Kernel
import Testing

@testable import Commands

@Suite struct OutputTests {
    /// What arrives in a file that is both streams.
    private func printed(_ print: (inout Output) -> Void) throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID())").path()
        let descriptor = try Kernel.open(path, O_RDWR | O_CREAT | O_APPEND)
        defer {
            Faults.clear()
            Kernel.close(descriptor)
            unlink(path)
        }
        var output = Output(standardOutput: descriptor, standardError: descriptor)
        print(&output)
        output.flush()
        return String(decoding: try Kernel.contents(of: path, limit: 1 << 20), as: UTF8.self)
    }

    @Test func goesOnAfterAShortWrite() throws {
        let text = try printed { output in
            Faults.inject(Fault(.write, .short(3), times: 4))
            output.print("one line of some length")
        }
        #expect(text == "one line of some length\n")
    }

    @Test func keepsTheOrderOfBothStreams() throws {
        let text = try printed { output in
            output.print("first")
            output.complain("second")
            output.print("third")
        }
        #expect(text == "first\nsecond\nthird\n")
    }

    @Test func printsNothingMoreAfterAFailure() throws {
        let text = try printed { output in
            output.print("first")
            output.flush()
            Faults.inject(Fault(.write, .fail(.noSpace)))
            output.print("second")
            output.flush()
            output.print("third")
            #expect(output.failure == .noSpace)
        }
        #expect(text == "first\n")
    }
}
