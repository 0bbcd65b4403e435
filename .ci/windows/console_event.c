/* Sends a program an event of its console, as Windows does: console_event.exe PROGRAM.EXE EVENT
 * EVENT is 2 when the window is closed, 5 at log-off, 6 at shutdown. GenerateConsoleCtrlEvent sends none of them. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
#include <tlhelp32.h>

int main(int argc, char **argv)
{
    PROCESSENTRY32 entry = {.dwSize = sizeof entry};
    HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    FARPROC routine = GetProcAddress(GetModuleHandleA("kernelbase.dll"), "CtrlRoutine");
    int sent = 0;
    if (argc != 3 || !routine)
        return 2;
    for (BOOL more = Process32First(list, &entry); more; more = Process32Next(list, &entry)) {
        HANDLE program, thread;
        if (_stricmp(entry.szExeFile, argv[1]))
            continue;
        program = OpenProcess(PROCESS_ALL_ACCESS, FALSE, entry.th32ProcessID);
        thread = CreateRemoteThread(program, NULL, 0, (LPTHREAD_START_ROUTINE)(void *)routine, (void *)(INT_PTR)atoi(argv[2]), 0, NULL);
        sent += thread != NULL;
    }
    printf("sent to %d\n", sent);
    return sent == 0;
}
