package io.canal.parser.log;

import java.util.Arrays;

/** The files that frames refer to by number. One thread adds, any thread reads. */
final class LogFiles {
  private volatile LogFile[] files = new LogFile[0];

  int add(LogFile file) {
    LogFile[] grown = Arrays.copyOf(files, files.length + 1);
    grown[files.length] = file;
    files = grown;
    return grown.length - 1;
  }

  LogFile get(int number) {
    return files[number];
  }
}
